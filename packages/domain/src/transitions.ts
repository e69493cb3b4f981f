import { OPEN_STATUSES, TASK_STATUSES, type TaskStatus } from './status.ts';

export interface Transition {
  /** States that the event may find the task in. */
  readonly from: readonly TaskStatus[];
  /** States that it may find a task in that has been claimed before and was handed back. */
  readonly fromHandedBack?: readonly TaskStatus[];
  /** What the task becomes; of several, the event or the open parents decide. */
  readonly to: readonly TaskStatus[];
  /** When it happens, in the words of the documentation. */
  readonly when: string;
}

/**
 * The lifecycle: every change of a status is one of these events. The database refuses all other pairs
 * (migrations/0002-lifecycle.sql, which a test compares with this table); reports, failed starts, cancels, pauses and
 * resumes are told here which states they may begin in.
 */
export const TRANSITIONS = {
  release: {
    from: ['Waiting'],
    to: ['Pending'],
    when: 'every parent has ended, and none that was required failed',
  },
  cascade: { from: ['Waiting', 'Paused'], to: ['Failure'], when: 'a required parent failed or was canceled' },
  claim: { from: ['Pending'], to: ['Claimed'], when: 'a worker took it, and all its rules allow it' },
  start: { from: ['Claimed'], to: ['Running'], when: 'on_start answered 2xx' },
  handBack: { from: ['Claimed'], to: ['Pending'], when: 'its worker stopped, died or lost it' },
  failStart: { from: ['Claimed'], to: ['Failure'], when: 'on_start failed' },
  /**
   * It may come before the answer to on_start (Claimed), or after the claim was lost and the task handed back: the
   * lost claim's call may have arrived.
   */
  report: {
    from: ['Claimed', 'Running'],
    fromHandedBack: ['Pending', 'Paused'],
    to: ['Success', 'Failure'],
    when: 'the client reports the end',
  },
  /** The attempt failed, and its policy gives it another one. */
  retry: {
    from: ['Claimed', 'Running'],
    fromHandedBack: ['Pending', 'Paused'],
    to: ['Pending'],
    when: 'its attempt failed, and its retry policy gives it another one',
  },
  timeOut: { from: ['Running'], to: ['Failure'], when: 'no sign of life for its timeout' },
  pause: { from: ['Waiting', 'Pending'], to: ['Paused'], when: 'paused' },
  resume: { from: ['Paused'], to: ['Waiting', 'Pending'], when: 'resumed' },
  cancel: {
    from: OPEN_STATUSES,
    to: ['Canceled'],
    when: 'canceled, stopped with its batch, or nobody needs it any more',
  },
} as const satisfies Record<string, Transition>;

export type TaskEvent = keyof typeof TRANSITIONS;

/** Whether any event leads from one state to another one. */
export function isAllowed(from: TaskStatus, to: TaskStatus): boolean {
  if (from === to) return false;
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
