import type { Rule, StatusKind } from './types.ts';

/** Another task, as an explanation names it. */
export interface NamedTask {
  id: string;
  name: string;
  kind: string;
  status: StatusKind;
}

/** Something that a task waits for. */
export type WaitReason =
  | (NamedTask & { type: 'parent'; requires_success: boolean })
  | {
      type: 'rule';
      rule: Rule;
      /** What is counted now, without the task itself. */
      occupancy: number;
      limit: number;
      /** Up to 10 of the tasks that are counted. */
      holders: NamedTask[];
      /** In the queue of what the rule counts; null when it is in none. */
      position: number | null;
      /** There are more tasks before it than were counted. */
      position_is_minimum?: true;
      /** Tasks that were there before the rule are still being counted; it lets nothing start until then. */
      occupancy_is_minimum?: true;
    }
  | { type: 'paused' }
  | { type: 'metadata'; field: string; rule: Rule }
  | {
      type: 'origin';
      origin: string;
      /** It does not answer, or each worker has as many calls open to it as it may. */
      reason: 'breaker' | 'full';
      /** When one call may try again, while the breaker is open. */
      probe_at?: string;
    }
  | {
      /** Its attempt failed, and the next one is not due yet. */
      type: 'retry';
      /** The one that comes. */
      attempt: number;
      max_attempts: number;
      next_attempt_at: string;
      /** Of the attempt before. */
      failure_reason: string;
    }
  | { type: 'worker' };

/** Why a task has not started, or what it is doing. */
export interface Explanation {
  status: StatusKind;
  /** How many parents have not ended. */
  open_parents: number;
  /** Empty when nothing holds it back, it has started, or it has ended. */
  waiting_for: WaitReason[];
  /** One sentence: what will let it go on, or what it is doing. */
  frees: string;
}
