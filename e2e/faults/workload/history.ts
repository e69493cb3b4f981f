import type { PlannedBatch } from './plan.ts';

// What was seen from outside while a fault was made. All moments are milliseconds of one clock (performance.now()).

export interface History {
  readonly batches: readonly CreatedBatch[];
  readonly starts: readonly StartCall[];
  readonly notices: readonly Notice[];
  readonly attempts: readonly Attempt[];
}

export interface CreatedBatch {
  readonly plan: PlannedBatch;
  readonly id: string;
  /** Ids of its tasks, by name. */
  readonly taskIds: ReadonlyMap<string, string>;
}

/** An arrival of `on_start`. */
export interface StartCall {
  readonly taskId: string;
  readonly claim: number;
  /** Of the task, from 1. */
  readonly attempt: number;
  readonly key: string;
  readonly arrivedMs: number;
}

/** An arrival of any other webhook. */
export interface Notice {
  readonly subjectId: string;
  /** `end`, `cancel` or `batch_complete`. */
  readonly trigger: string;
  readonly key: string;
  readonly arrivedMs: number;
}

/** One request of a client; what was sent again is several. */
export interface Attempt {
  readonly what: 'create' | 'end' | 'add' | 'stop';
  /** The batch's name or id, or the task's id. */
  readonly subject: string;
  /** Of the task that it reports on. */
  readonly attempt?: number;
  /** Whether its answer says that the task has another attempt. */
  readonly isRetried?: boolean;
  readonly sentMs: number;
  /** Null when no answer came. */
  readonly status: number | null;
  readonly doneMs: number;
}

export const isDone = ({ status }: Attempt): boolean => status !== null && status >= 200 && status < 300;
