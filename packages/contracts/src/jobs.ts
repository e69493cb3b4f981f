/**
 * What a job carries. It is a doorbell: it says that there may be work, and the rows say which. So there are ids in
 * it at most, never state.
 */
export interface Bell {
  /** The request that it was rung for, to be found in logs. */
  readonly request_id?: string;
}

/** The payload of a job by the name of its queue. */
export type JobPayloads = {
  start: Bell;
  timeout: Bell;
  propagation: Bell;
  webhook: Bell;
};
