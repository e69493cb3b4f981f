/**
 * What a job carries. It is a doorbell: it says that there may be work, and the rows say which. So there are ids in
 * it at most, never state.
 */
export interface Bell {
  /** The request that it was rung for, to be found in logs. */
  readonly request_id?: string;
}

/** Rings another queue when something there falls due. */
export interface DueBell extends Bell {
  readonly ring: keyof JobPayloads;
}

/** The payload of a job by the name of its queue. */
export type JobPayloads = {
  start: Bell;
  timeout: Bell | DueBell;
  propagation: Bell;
  webhook: Bell;
};
