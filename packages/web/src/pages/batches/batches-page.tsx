import { type ReactElement, useMemo, useRef } from 'react';
import { Loaded } from '../../components/page-states.tsx';
import { useTitle } from '../../components/title.ts';
import { useBatches } from '../../queries/use-batches.ts';
import { setParameters, useParameters } from '../../router/location.ts';
import { type Command, useCommands } from '../../shell/commands.ts';
import { FILTERS, readFilter } from './batch-filters.ts';
import { BatchRow } from './batch-row.tsx';
import { clearFilters, FilterBar } from './filter-bar.tsx';
import { FirstBatch } from './first-batch.tsx';
import { NewBatch } from './new-batch.tsx';
import './batches.css';

/** The list of batches, newest first. It follows what happens. */
export function BatchesPage(): ReactElement {
  useTitle('Batches');
  const query = useParameters();
  const filter = readFilter(query);
  const batches = useBatches(filter);
  const isFiltered = FILTERS.some((name) => query.has(name));
  const search = useRef<HTMLInputElement>(null);
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        { title: 'Search the batches', key: '/', run: () => search.current?.focus() },
        { title: 'Next batch', key: 'j', run: () => moveFocus(1) },
        { title: 'Previous batch', key: 'k', run: () => moveFocus(-1) },
        { title: 'Open the batch', key: 'Enter', run: () => moveFocus(0) },
        { title: 'Clear the filters', key: 'x', run: clearFilters },
      ],
      [],
    ),
  );
  return (
    <>
      <div className="page-head">
        <h1>Batches</h1>
        <NewBatch />
      </div>
      <FilterBar searchRef={search} />
      <Loaded query={batches} what="the batches">
        {({ batches: rows, next }) => {
          if (rows.length === 0 && !isFiltered && filter.after === undefined) return <FirstBatch />;
          return (
            <>
              {rows.length === 0 ? (
                <div className="state">
                  <p>
                    {filter.after === undefined
                      ? 'No batch matches these filters.'
                      : 'There are no older ones.'}
                  </p>
                  <button className="button" onClick={clearFilters}>
                    Show all
                  </button>
                </div>
              ) : (
                <table className="table batches" aria-busy={batches.isPlaceholderData}>
                  <thead>
                    <tr>
                      <th scope="col">Batch</th>
                      <th scope="col">State</th>
                      <th scope="col">Progress</th>
                      <th scope="col" className="number">
                        Ended
                      </th>
                      <th scope="col">Created</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((batch) => (
                      <BatchRow key={batch.batch_id} batch={batch} />
                    ))}
                  </tbody>
                </table>
              )}
              <nav className="row" aria-label="Pages of the list">
                {filter.after !== undefined && (
                  <button className="button" onClick={() => setParameters({ after: undefined }, {})}>
                    Newest
                  </button>
                )}
                {next !== null && (
                  <button className="button" onClick={() => setParameters({ after: next }, {})}>
                    Older batches
                  </button>
                )}
              </nav>
            </>
          );
        }}
      </Loaded>
    </>
  );
}

/** Moves the focus along the batches; Enter then follows the link that has it. */
function moveFocus(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-batch-link]')];
  const current = links.indexOf(document.activeElement as HTMLElement);
  links[Math.min(links.length - 1, Math.max(0, current + step))]?.focus();
}
