/** The closed vocabularies of the contract, as they are written on the wire. */

export { TASK_STATUSES, type TaskStatus } from '@arcrun/domain';

/** The two ends that a client may report. */
export const REPORTED_STATUSES = ['Success', 'Failure'] as const;
export type ReportedStatus = (typeof REPORTED_STATUSES)[number];

/** Of the delivery ledger. `Failure` may be asked for and is not used: what failed is Pending until it is Exhausted. */
export const DELIVERY_STATUSES = ['Pending', 'Success', 'Failure', 'Exhausted'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Triggers of the actions that a task can carry. */
export const TASK_TRIGGERS = ['Start', 'End', 'Cancel'] as const;
export type TaskTrigger = (typeof TASK_TRIGGERS)[number];

/** Of the delivery ledger. `Start` may be asked for and is not used: calls of on_start are kept on their task. */
export const DELIVERY_TRIGGERS = ['Start', 'End', 'Cancel', 'BatchComplete'] as const;
export type DeliveryTrigger = (typeof DELIVERY_TRIGGERS)[number];

export const VERBS = ['Get', 'Post', 'Put', 'Patch', 'Delete'] as const;
export type Verb = (typeof VERBS)[number];

/** What a retry policy tells failures apart by: reported by the client, by timeout, of on_start. */
export const RETRY_CAUSES = ['failure', 'timeout', 'start'] as const;
export type RetryCause = (typeof RETRY_CAUSES)[number];

/** Which tasks of a batch a rerun runs. */
export const RERUN_CHOICES = ['unsuccessful', 'all'] as const;
export type RerunChoice = (typeof RERUN_CHOICES)[number];
