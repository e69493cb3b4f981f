import type { Status, StatusCounts } from '../api/types.ts';

/** In the order in which they are shown: what has ended, what is under way, what is still to come. */
export const STATUSES = [
  'Success',
  'Failure',
  'Canceled',
  'Running',
  'Claimed',
  'Pending',
  'Paused',
  'Waiting',
] as const satisfies readonly Status[];

/** What each status means, in the words of the lifecycle. */
export const MEANINGS: Readonly<Record<Status, string>> = {
  Waiting: 'waits for its parents',
  Pending: 'may start when a worker and its rules allow it',
  Claimed: 'is being called',
  Running: 'is at work',
  Success: 'has succeeded',
  Failure: 'has failed',
  Canceled: 'was canceled',
  Paused: 'is held until it is resumed',
};

/** As a number of tasks is said: `3 failed`. */
export const COUNTED: Readonly<Record<Status, string>> = {
  Waiting: 'waiting',
  Pending: 'pending',
  Claimed: 'claimed',
  Running: 'running',
  Success: 'succeeded',
  Failure: 'failed',
  Canceled: 'canceled',
  Paused: 'paused',
};

export type CountName = keyof StatusCounts;

export const countName = (status: Status): CountName => status.toLowerCase() as CountName;

export const isEnded = (status: Status): boolean =>
  status === 'Success' || status === 'Failure' || status === 'Canceled';

/** How many tasks have not ended. */
export const countOpen = (counts: StatusCounts): number =>
  counts.waiting + counts.pending + counts.claimed + counts.running + counts.paused;

/** What may be done to a task in a status. */
export const mayCancel = (status: Status): boolean => !isEnded(status);
export const mayPause = (status: Status): boolean => status === 'Pending' || status === 'Waiting';
export const mayResume = (status: Status): boolean => status === 'Paused';

/** Stands before the number of a further attempt. */
export const RETRIED = '↻';
