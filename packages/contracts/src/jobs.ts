/**
 * What jobs carry. A job is a doorbell: it says that there may be work, and the rows say which. So the payloads
 * are empty today, and may hold ids at most, never state.
 */

export type StartJob = Record<string, never>;
export type TimeoutJob = Record<string, never>;
export type PropagationJob = Record<string, never>;
export type WebhookJob = Record<string, never>;

/** The payload of a job by the name of its queue. */
export type JobPayloads = {
  start: StartJob;
  timeout: TimeoutJob;
  propagation: PropagationJob;
  webhook: WebhookJob;
};
