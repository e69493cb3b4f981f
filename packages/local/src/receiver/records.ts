/** Milliseconds since 1970 with fractions, steady within the process. */
export type PreciseMs = number;

/** What the receiver saw and did for one task. */
export interface CallRecord {
  task_id: string;
  /** Query parameter `run` of the call, the mark of who made the task. */
  run: string | null;
  /** As the call's body said. */
  local_id: string | null;
  /** Calls of `on_start`, the first ones when there are very many. */
  starts: { at_ms: PreciseMs; claim: string | null }[];
  /** Null until the work is done. */
  end: EndRecord | null;
}

export interface EndRecord {
  outcome: 'Success' | 'Failure';
  /** When the `PATCH` went to the network for the first time, null until then. */
  sent_at_ms: PreciseMs | null;
  tries: number;
  /** When the final answer came, null until then. */
  answered_at_ms: PreciseMs | null;
  /** HTTP status of that answer; null also when the receiver gave up. */
  status: number | null;
}

/** A call of `on_success`, `on_failure`, a cancel action or `on_batch_complete`. */
export interface NotificationRecord {
  at_ms: PreciseMs;
  run: string | null;
  trigger: string | null;
  task_id: string | null;
  batch_id: string | null;
  idempotency_key: string | null;
  /** Parsed; null when it was empty, no JSON, or too long to keep. */
  body: unknown;
}

export function preciseNowMs(): PreciseMs {
  return performance.timeOrigin + performance.now();
}
