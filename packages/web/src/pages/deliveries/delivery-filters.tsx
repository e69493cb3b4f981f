import { type FormEvent, type ReactElement, useRef } from 'react';
import { setParameters } from '../../router/location.ts';

const STATUSES = ['Exhausted', 'Pending', 'Success'] as const;

/** What the address of the page asks for. */
export interface Filters {
  readonly status: string;
  readonly task: string;
  readonly batch: string;
}

export function readFilters(query: URLSearchParams): Filters {
  const status = STATUSES.find((each) => each.toLowerCase() === query.get('status')?.toLowerCase()) ?? '';
  return { status, task: query.get('of_task')?.trim() ?? '', batch: query.get('of_batch')?.trim() ?? '' };
}

interface DeliveryFiltersProps {
  readonly filters: Filters;
  readonly searchRef: React.RefObject<HTMLInputElement | null>;
}

/** The address of the page holds what is chosen here. */
export function DeliveryFilters({ filters, searchRef }: DeliveryFiltersProps): ReactElement {
  const form = useRef<HTMLFormElement>(null);
  const apply = (event: FormEvent): void => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const text = (name: string): string => {
      const value = data.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    setParameters({ of_task: text('of_task'), of_batch: text('of_batch'), after: undefined });
  };
  const isFiltered = filters.status !== '' || filters.task !== '' || filters.batch !== '';
  return (
    <form
      className="row delivery-filters"
      ref={form}
      onSubmit={apply}
      role="search"
      aria-label="Filter the deliveries"
    >
      <label className="field">
        <span>Status</span>
        <select
          className="input"
          value={filters.status}
          onChange={(event) => setParameters({ status: event.target.value, after: undefined })}
        >
          <option value="">All, exhausted first</option>
          {STATUSES.map((status) => (
            <option key={status}>{status}</option>
          ))}
        </select>
      </label>
      <label className="field delivery-id">
        <span>Id of a task</span>
        <input
          key={filters.task}
          ref={searchRef}
          className="input mono"
          name="of_task"
          defaultValue={filters.task}
          onBlur={apply}
        />
      </label>
      <label className="field delivery-id">
        <span>Id of a batch</span>
        <input
          key={filters.batch}
          className="input mono"
          name="of_batch"
          defaultValue={filters.batch}
          onBlur={apply}
        />
      </label>
      {/* Enter in a field sends the form only when it has a button. */}
      <button className="unseen" tabIndex={-1}>
        Filter
      </button>
      {isFiltered && (
        <button
          type="button"
          className="button"
          onClick={() => setParameters({ status: '', of_task: '', of_batch: '', after: '' })}
        >
          Show all
        </button>
      )}
    </form>
  );
}
