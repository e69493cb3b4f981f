import { type SortingState, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactElement, useMemo, useRef } from 'react';
import { useNow } from '../../../components/times.tsx';
import { setParameters, useParameters } from '../../../router/location.ts';
import { type Command, useCommands } from '../../../shell/commands.ts';
import { TaskButtons } from '../actions/task-buttons.tsx';
import type { BatchView } from '../feed/batch-feed.ts';
import { columns, features } from './columns.tsx';
import { saveFile, toCsv } from './csv.ts';
import { TaskFilters } from './task-filters.tsx';
import { filterTasks, toRows } from './task-rows.ts';
import './table.css';

const ROW_PX = 37;

/** The batch as a table: sorted, filtered, chosen from, and kept as a file. */
export default function TableTab({ view }: { view: BatchView }): ReactElement {
  const { tasks, stats } = view;
  const query = useParameters();
  const filter = {
    text: query.get('find') ?? '',
    status: query.get('status') ?? '',
    kind: query.get('kind') ?? '',
  };
  const sorting = useMemo(() => readSorting(query.get('sort')), [query.get('sort')]);
  const nowMs = useNow(5000);
  const found = useMemo(() => filterTasks(tasks, filter), [tasks, filter.text, filter.status, filter.kind]);
  const data = useMemo(() => toRows(found, nowMs), [found, nowMs]);
  const table = useTable({
    features,
    columns,
    data,
    getRowId: ({ task }) => task.id,
    state: { sorting },
    onSortingChange: (change) => {
      const [first] = typeof change === 'function' ? change(sorting) : change;
      setParameters({ sort: first === undefined ? undefined : `${first.desc ? '-' : ''}${first.id}` });
    },
  });
  const { rows } = table.getRowModel();
  const shownIds = new Set(found.map(({ id }) => id));
  // What a filter hides is not acted upon.
  const chosen = new Set(table.getSelectedRowIds().filter((id) => shownIds.has(id)));
  const chosenTasks = found.filter(({ id }) => chosen.has(id));

  const search = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  useCommands(
    useMemo<readonly Command[]>(
      () => [{ title: 'Find in the table', key: '/', run: () => search.current?.focus() }],
      [],
    ),
  );
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]!.id,
    overscan: 10,
  });
  const exported = chosenTasks.length > 0 ? rows.filter(({ id }) => chosen.has(id)) : rows;

  return (
    <div className="tasks">
      <div className="tasks-tools">
        <TaskFilters filter={filter} tasks={tasks} searchRef={search} />
        <button
          className="button"
          disabled={rows.length === 0}
          onClick={() =>
            saveFile(
              `batch-${stats.batch_id}.csv`,
              'text/csv;charset=utf-8',
              toCsv(exported.map(({ original }) => original.task)),
            )
          }
        >
          CSV of {exported.length.toLocaleString()}
        </button>
      </div>
      <div className="tasks-chosen row" role="status">
        <span className="faint">
          {chosenTasks.length === 0
            ? `${rows.length.toLocaleString()} of ${tasks.length.toLocaleString()} tasks`
            : `${chosenTasks.length.toLocaleString()} chosen`}
        </span>
        {chosenTasks.length > 0 && (
          <>
            <TaskButtons tasks={chosenTasks} />
            <button className="button" data-look="plain" onClick={() => table.resetRowSelection(true)}>
              Choose none
            </button>
          </>
        )}
      </div>
      <div ref={scroller} className="tasks-scroll" tabIndex={0} role="region" aria-label="Tasks of the batch">
        <div role="table" aria-label="Tasks" aria-rowcount={rows.length + 1}>
          <div role="rowgroup" className="tasks-head">
            <div role="row" className="tasks-row" aria-rowindex={1}>
              <div role="columnheader">
                <input
                  type="checkbox"
                  aria-label="Choose all that are listed"
                  checked={rows.length > 0 && chosenTasks.length === rows.length}
                  onChange={({ target }) =>
                    table.setRowSelection(
                      target.checked ? Object.fromEntries(rows.map(({ id }) => [id, true as const])) : {},
                    )
                  }
                />
              </div>
              {table.getFlatHeaders().map((header) => {
                const sorted = header.column.getIsSorted();
                return (
                  <div
                    key={header.id}
                    role="columnheader"
                    className={`column-${header.column.id}`}
                    aria-sort={sorted === false ? 'none' : sorted === 'asc' ? 'ascending' : 'descending'}
                  >
                    <button className="sort" onClick={header.column.getToggleSortingHandler()}>
                      <table.FlexRender header={header} />
                      <span aria-hidden>{sorted === false ? '' : sorted === 'asc' ? ' ↑' : ' ↓'}</span>
                    </button>
                  </div>
                );
              })}
            </div>
          </div>
          <div role="rowgroup" className="tasks-body" style={{ height: virtualizer.getTotalSize() }}>
            {virtualizer.getVirtualItems().map((item) => {
              const row = rows[item.index]!;
              return (
                <div
                  key={item.key}
                  role="row"
                  aria-rowindex={item.index + 2}
                  aria-selected={chosen.has(row.id)}
                  className="tasks-row"
                  style={{ transform: `translateY(${item.start}px)`, height: item.size }}
                >
                  <div role="cell">
                    <input
                      type="checkbox"
                      aria-label={`Choose ${row.original.task.name}`}
                      checked={chosen.has(row.id)}
                      onChange={() => undefined}
                      onClick={row.getToggleSelectedHandler()}
                    />
                  </div>
                  {row.getAllCells().map((cell) => (
                    <div key={cell.id} role="cell" className={`column-${cell.column.id}`}>
                      <table.FlexRender cell={cell} />
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
        {rows.length === 0 && (
          <div className="state">
            <p>No task matches.</p>
            <button
              className="button"
              onClick={() => setParameters({ find: undefined, status: undefined, kind: undefined })}
            >
              Show all
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

/** `name`, or `-name` for the other way round. */
function readSorting(text: string | null): SortingState {
  if (text === null) return [];
  const id = text.replace(/^-/, '');
  return columns.some((column) => column.id === id || ('accessorKey' in column && column.accessorKey === id))
    ? [{ id, desc: text.startsWith('-') }]
    : [];
}
