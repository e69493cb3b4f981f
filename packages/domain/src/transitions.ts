import { OPEN_STATUSES, TASK_STATUSES, type TaskStatus } from './status.ts';

export interface Transition {
  /** States that the event may find the task in. */
  readonly from: readonly TaskStatus[];
  /** States that it may find a task in that has been claimed before and was handed back. */
  readonly fromHandedBack?: readonly TaskStatus[];
  /** What the task becomes; of several, the event or the open parents decide. */
  readonly to: readonly TaskStatus[];
}

/**
 * The lifecycle. Every change of a status is one of these events, and every statement that makes one takes its
 * allowed states from here; the database refuses all other pairs (migrations/0002-lifecycle.sql, compared by a
 * test).
 */
export const TRANSITIONS = {
  /** The last open parent ended, and none that was required failed. */
  release: { from: ['Waiting'], to: ['Pending'] },
  /** A required parent ended in Failure or Canceled. */
  cascade: { from: ['Waiting', 'Paused'], to: ['Failure'] },
  /** A worker took it, and all its rules allow it. */
  claim: { from: ['Pending'], to: ['Claimed'] },
  /** on_start answered 2xx. */
  start: { from: ['Claimed'], to: ['Running'] },
  /** Its worker stopped, died or lost it. */
  handBack: { from: ['Claimed'], to: ['Pending'] },
  /** on_start failed for good. */
  failStart: { from: ['Claimed'], to: ['Failure'] },
  /**
   * The client reports the end. It may answer before it answered on_start (Claimed), or after the claim was lost
   * and the task handed back: the lost claim's call may have arrived.
   */
  report: { from: ['Claimed', 'Running'], fromHandedBack: ['Pending', 'Paused'], to: ['Success', 'Failure'] },
  /** No sign of life for `timeout` seconds. */
  timeOut: { from: ['Running'], to: ['Failure'] },
  pause: { from: ['Waiting', 'Pending'], to: ['Paused'] },
  resume: { from: ['Paused'], to: ['Waiting', 'Pending'] },
  /** Canceled, stopped with its batch, or nobody needs it any more. */
  cancel: { from: OPEN_STATUSES, to: ['Canceled'] },
} as const satisfies Record<string, Transition>;

export type TaskEvent = keyof typeof TRANSITIONS;

/** Whether any event leads from one state to the other. */
export function isAllowed(from: TaskStatus, to: TaskStatus): boolean {
  return Object.values(TRANSITIONS).some(
    (transition: Transition) =>
      transition.to.includes(to) &&
      (transition.from.includes(from) || (transition.fromHandedBack?.includes(from) ?? false)),
  );
}

/** All pairs that the lifecycle allows, in the order of the states. */
export function allowedPairs(): [from: TaskStatus, to: TaskStatus][] {
  return TASK_STATUSES.flatMap((from) =>
    TASK_STATUSES.filter((to) => isAllowed(from, to)).map((to): [TaskStatus, TaskStatus] => [from, to]),
  );
}
