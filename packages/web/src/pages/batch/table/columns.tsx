import {
  createColumnHelper,
  createSortedRowModel,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
} from '@tanstack/react-table';
import { StatusLabel } from '../../../components/status.tsx';
import { RETRIED, STATUSES } from '../../../components/statuses.ts';
import { formatDuration } from '../../../components/times.tsx';
import { Link } from '../../../router/link.tsx';
import type { TaskRow } from './task-rows.ts';

export const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
});

const helper = createColumnHelper<typeof features, TaskRow>();
const compare = (a: string, b: string): number => a.localeCompare(b, undefined, { numeric: true });

/** The columns; the first, for the selection, is drawn by the table itself. */
export const columns = helper.columns([
  helper.accessor((row) => row.task.name, {
    id: 'name',
    header: 'Task',
    sortFn: (a, b) => compare(a.original.task.name, b.original.task.name),
    cell: ({ row }) => (
      <Link
        to={{ page: 'task', taskId: row.original.task.id }}
        className="cut"
        title={row.original.task.name}
      >
        {row.original.task.name}
      </Link>
    ),
  }),
  helper.accessor((row) => row.task.kind, {
    id: 'kind',
    header: 'Kind',
    sortFn: (a, b) => compare(a.original.task.kind, b.original.task.kind),
    cell: ({ row }) => (
      <span className="cut faint" title={row.original.task.kind}>
        {row.original.task.kind}
      </span>
    ),
  }),
  helper.accessor((row) => STATUSES.indexOf(row.task.status), {
    id: 'status',
    header: 'Status',
    cell: ({ row }) => <Status task={row.original.task} />,
  }),
  helper.accessor((row) => row.progress ?? undefined, {
    id: 'progress',
    header: 'Progress',
    sortUndefined: 'last',
    cell: ({ row }) => <Progress row={row.original} />,
  }),
  helper.accessor('waitedMs', {
    header: 'Waited',
    cell: ({ row }) => formatDuration(row.original.waitedMs),
  }),
  helper.accessor((row) => row.ranMs ?? undefined, {
    id: 'ranMs',
    header: 'Ran',
    sortUndefined: 'last',
    cell: ({ row }) => (row.original.ranMs === null ? '–' : formatDuration(row.original.ranMs)),
  }),
]);

function Status({ task: { status, attempt, max_attempts: most } }: { task: TaskRow['task'] }) {
  return (
    <>
      <StatusLabel status={status} />
      {attempt > 1 && (
        <span className="attempt-mark" title={`Attempt ${attempt} of ${most}`}>
          {`${RETRIED}${attempt}`}
        </span>
      )}
    </>
  );
}

function Progress({ row: { task, progress } }: { row: TaskRow }) {
  const { success, failures, expected_count: expected } = task;
  if (expected === null || expected === 0 || progress === null) {
    return success + failures === 0 ? '–' : `${success.toLocaleString()} + ${failures.toLocaleString()}`;
  }
  return (
    <span className="task-progress" title={`${success} successes and ${failures} failures of ${expected}`}>
      <progress value={progress} max={1} aria-label="Progress" />
      {Math.floor(100 * progress)} %
    </span>
  );
}
