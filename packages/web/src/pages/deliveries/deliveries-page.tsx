import { type ReactElement, useMemo, useRef } from 'react';
import type { DeliveryPage } from '../../api/deliveries.ts';
import { Loaded } from '../../components/page-states.tsx';
import { useTitle } from '../../components/title.ts';
import { useDeliveries } from '../../queries/use-deliveries.ts';
import { Link } from '../../router/link.tsx';
import { useParameters } from '../../router/location.ts';
import { confirm } from '../../shell/confirm.tsx';
import { type Command, useCommands } from '../../shell/commands.ts';
import { DeliveryFilters, type Filters, readFilters } from './delivery-filters.tsx';
import { DeliveryTable } from './delivery-table.tsx';
import { useRetryDeliveries } from './use-retries.ts';
import './deliveries.css';

/** The ledger of notifications: those that were given up first, since only people get them on their way again. */
export default function DeliveriesPage(): ReactElement {
  useTitle('Deliveries');
  const query = useParameters();
  const filters = readFilters(query);
  const after = query.get('after') ?? '';
  const search = useRef<HTMLInputElement>(null);
  useCommands(
    useMemo<readonly Command[]>(
      () => [{ title: 'Filter by the id of a task', key: '/', run: () => search.current?.focus() }],
      [],
    ),
  );
  const isWhole = filters.status === '' && after === '';
  return (
    <>
      <div className="page-head">
        <h1>Deliveries</h1>
        <RetryAll filters={filters} />
      </div>
      <DeliveryFilters filters={filters} searchRef={search} />
      {isWhole && <Exhausted filters={filters} />}
      <Ledger filters={filters} after={after} />
    </>
  );
}

const subject = ({ task, batch }: Filters) => ({
  task_id: task === '' ? undefined : task,
  batch_id: batch === '' ? undefined : batch,
});

/** Those that were given up, above all others. */
function Exhausted({ filters }: { filters: Filters }): ReactElement | null {
  const { data } = useDeliveries({ ...subject(filters), status: 'Exhausted' });
  if (data === undefined || data.deliveries.length === 0) return null;
  return (
    <section className="card" aria-labelledby="exhausted">
      <h2 id="exhausted">Exhausted</h2>
      <DeliveryTable label="Exhausted deliveries" deliveries={data.deliveries} />
      {data.next !== null && (
        <p className="delivery-more">
          <Link to={{ page: 'deliveries' }} parameters={{ status: 'Exhausted', ...parametersOf(filters) }}>
            More that are exhausted
          </Link>
        </p>
      )}
    </section>
  );
}

function Ledger({ filters, after }: { filters: Filters; after: string }): ReactElement {
  const query = useDeliveries({
    ...subject(filters),
    status: filters.status,
    ...(after === '' ? {} : { after }),
  });
  return (
    <section className="card" aria-labelledby="ledger">
      <h2 id="ledger">{filters.status === '' ? 'All others, last changed first' : filters.status}</h2>
      <Loaded query={query} what="the deliveries">
        {(page) => <LedgerPage page={page} filters={filters} after={after} />}
      </Loaded>
    </section>
  );
}

interface LedgerPageProps {
  readonly page: DeliveryPage;
  readonly filters: Filters;
  readonly after: string;
}

function LedgerPage({ page, filters, after }: LedgerPageProps): ReactElement {
  const rows =
    filters.status === '' ? page.deliveries.filter(({ status }) => status !== 'Exhausted') : page.deliveries;
  const parameters = { status: filters.status, ...parametersOf(filters) };
  return (
    <>
      {rows.length === 0 ? (
        <p className="faint">
          {isEverything(filters) && after === ''
            ? 'No notification has been sent yet. Tasks with on_success, on_failure or a cancel action send them.'
            : 'Nothing here is like that.'}
        </p>
      ) : (
        <DeliveryTable label="Deliveries" deliveries={rows} />
      )}
      <p className="row delivery-more">
        {after !== '' && (
          <Link to={{ page: 'deliveries' }} parameters={parameters} className="button">
            Newest
          </Link>
        )}
        {page.next !== null && (
          <Link
            to={{ page: 'deliveries' }}
            parameters={{ ...parameters, after: page.next }}
            className="button"
          >
            Older
          </Link>
        )}
      </p>
    </>
  );
}

/** Retries what is exhausted and passes the filter, after a question. */
function RetryAll({ filters }: { filters: Filters }): ReactElement | null {
  const retry = useRetryDeliveries();
  const { data } = useDeliveries({ ...subject(filters), status: 'Exhausted' });
  if (data === undefined || data.deliveries.length === 0) return null;
  const count = `${data.deliveries.length.toLocaleString()}${data.next === null ? '' : '+'}`;
  const of =
    filters.task !== ''
      ? ` of task ${filters.task}`
      : filters.batch !== ''
        ? ` of batch ${filters.batch}`
        : '';
  const ask = async (): Promise<void> => {
    const isSure = await confirm({
      title: 'Retry all that are exhausted?',
      text: (
        <p>
          {count} exhausted {count === '1' ? 'delivery' : 'deliveries'}
          {of} become due at once, with fresh attempts. Receivers that got one already know it by its
          Idempotency-Key.
        </p>
      ),
      verb: 'Retry all',
    });
    if (isSure) retry.mutate({ status: 'Exhausted', ...definedOf(subject(filters)) });
  };
  return (
    <button className="button" data-look="primary" disabled={retry.isPending} onClick={() => void ask()}>
      Retry {count} exhausted
    </button>
  );
}

const isEverything = ({ status, task, batch }: Filters): boolean =>
  status === '' && task === '' && batch === '';

const parametersOf = ({ task, batch }: Filters) => ({ of_task: task, of_batch: batch });

const definedOf = (given: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
