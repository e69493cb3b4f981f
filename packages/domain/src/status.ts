/** The states of a task, in the order of a life. The spelling is the API's. */
export const TASK_STATUSES = [
  'Waiting',
  'Pending',
  'Claimed',
  'Running',
  'Success',
  'Failure',
  'Paused',
  'Canceled',
] as const;

export type TaskStatus = (typeof TASK_STATUSES)[number];

/** States that never change again. */
export const TERMINAL_STATUSES = ['Success', 'Failure', 'Canceled'] as const satisfies readonly TaskStatus[];

export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

export const OPEN_STATUSES: readonly Exclude<TaskStatus, TerminalStatus>[] = TASK_STATUSES.filter(
  (status) => !isTerminal(status),
);

export function isTerminal(status: TaskStatus): status is TerminalStatus {
  return (TERMINAL_STATUSES as readonly TaskStatus[]).includes(status);
}

/** How a parent ended, as its children see it: Canceled counts as a failure. */
export function isUnsuccessful(status: TaskStatus): boolean {
  return status === 'Failure' || status === 'Canceled';
}
