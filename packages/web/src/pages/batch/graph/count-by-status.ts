import type { BasicTask, StatusCounts } from '../../../api/types.ts';
import { countName } from '../../../components/statuses.ts';

/** How many of the tasks are in each status. */
export function countByStatus(tasks: Iterable<BasicTask>): StatusCounts {
  const counts: StatusCounts = {
    waiting: 0,
    pending: 0,
    claimed: 0,
    running: 0,
    success: 0,
    failure: 0,
    paused: 0,
    canceled: 0,
  };
  for (const { status } of tasks) counts[countName(status)]++;
  return counts;
}
