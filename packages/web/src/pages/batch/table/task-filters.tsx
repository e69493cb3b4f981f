import { type ReactElement, type Ref, useMemo } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { STATUSES } from '../../../components/statuses.ts';
import { setParameters } from '../../../router/location.ts';
import type { TaskFilter } from './task-rows.ts';

interface TaskFiltersProps {
  readonly filter: TaskFilter;
  /** Whose kinds can be chosen. */
  readonly tasks: readonly BasicTask[];
  readonly searchRef: Ref<HTMLInputElement>;
}

/** Narrows the table; the address holds it. */
export function TaskFilters({ filter, tasks, searchRef }: TaskFiltersProps): ReactElement {
  // The tasks of a batch keep their kinds.
  const kinds = useMemo(() => [...new Set(tasks.map(({ kind }) => kind))].toSorted(), [tasks.length]);
  return (
    <>
      <input
        ref={searchRef}
        className="input tasks-find"
        type="search"
        aria-label="Find by name, kind or id"
        placeholder="Find by name, kind or id"
        value={filter.text}
        onChange={({ target }) => setParameters({ find: target.value })}
      />
      <select
        className="input"
        aria-label="Status"
        value={filter.status}
        onChange={({ target }) => setParameters({ status: target.value })}
      >
        <option value="">any status</option>
        {STATUSES.map((status) => (
          <option key={status}>{status}</option>
        ))}
      </select>
      <select
        className="input"
        aria-label="Kind"
        value={filter.kind}
        onChange={({ target }) => setParameters({ kind: target.value })}
      >
        <option value="">any kind</option>
        {kinds.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
    </>
  );
}
