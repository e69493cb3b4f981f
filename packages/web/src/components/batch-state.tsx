import type { ReactElement } from 'react';
import type { Status, StatusCounts } from '../api/types.ts';
import { StatusIcon } from './status-icon.tsx';
import { countName, countOpen } from './statuses.ts';

interface BatchState {
  /** Whose icon and colour it has. */
  readonly status: Status;
  readonly text: string;
}

/** A batch in one word or two, from how its tasks stand. */
export function batchState(counts: StatusCounts): BatchState {
  const open = countOpen(counts);
  if (open === 0) {
    if (counts.failure > 0) return { status: 'Failure', text: 'Ended with failures' };
    if (counts.canceled > 0) return { status: 'Canceled', text: 'Canceled' };
    return { status: 'Success', text: counts.success > 0 ? 'Succeeded' : 'Empty' };
  }
  if (counts.running + counts.claimed > 0) return { status: 'Running', text: 'Running' };
  if (counts.pending > 0) return { status: 'Pending', text: 'Pending' };
  if (counts.paused > 0) return { status: 'Paused', text: 'Held by paused tasks' };
  return { status: 'Waiting', text: 'Waiting' };
}

export function BatchStateLabel({ counts }: { counts: StatusCounts }): ReactElement {
  const { status, text } = batchState(counts);
  return (
    <span className="status" data-status={countName(status)}>
      <StatusIcon status={status} />
      {text}
    </span>
  );
}
