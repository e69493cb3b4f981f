import { createHash } from 'node:crypto';
import {
  type BatchLimits,
  type BatchRules,
  type CounterUpdate,
  DEFAULT_RERUN,
  type Json,
  type LogLevelDto,
  type NewBatch,
  type NewRerun,
  parseBatchRules,
  parseCounters,
  parseJson,
  parseLogLevel,
  parseRerun,
  parseRetryDeliveries,
  parseUpdateTask,
  type RetryDeliveries,
  type TaskUpdate,
} from '@arcrun/contracts';
import { invalid } from '../http/errors.ts';
import { type PlannedTasks, planTasks, readNewBatch } from '../plan-tasks.ts';

export interface ReaderOptions {
  readonly limits: BatchLimits;
  /** Whether the hash of a new batch's body is wanted. */
  readonly hashed: boolean;
}

export interface NewBatchBody {
  readonly tasks: PlannedTasks;
  /** SHA-256 of the body as it came. */
  readonly bodyHash: Uint8Array<ArrayBuffer> | null;
}

export interface NewRerunBody {
  readonly asked: NewRerun;
  readonly bodyHash: Uint8Array<ArrayBuffer>;
}

/** What is read from the bodies of the calls. */
export interface ReaderValues {
  readonly newBatch: NewBatchBody;
  readonly taskUpdate: TaskUpdate;
  readonly counters: CounterUpdate;
  readonly batchRules: BatchRules;
  readonly rerun: NewRerunBody;
  readonly retryDeliveries: RetryDeliveries;
  readonly logLevel: LogLevelDto['level'];
}

/** Those whose value can be sent from thread to thread as it is. */
export type PlainReader = Exclude<keyof ReaderValues, 'newBatch'>;

type Readers = {
  readonly [Name in keyof ReaderValues]: (bytes: Buffer, options: ReaderOptions) => ReaderValues[Name];
};

/**
 * How they are read. The same functions run here and in the thread; all that they need, they are given.
 *
 * @throws ApiError
 */
export const READERS: Readers = {
  newBatch: (bytes, { limits, hashed }) => ({
    // The parsed body is gone when the plan is made: of a large batch it takes more than all the rest.
    tasks: planTasks(newBatchOf(bytes, limits)),
    bodyHash: hashed ? hashOf(bytes) : null,
  }),
  taskUpdate: (bytes) => {
    const parsed = parseUpdateTask(readJson(bytes));
    if (!parsed.ok) throw invalid(parsed.details);
    return parsed.update;
  },
  counters: (bytes) => {
    const parsed = parseCounters(readJson(bytes));
    if (!parsed.ok) throw invalid(parsed.details);
    return parsed.counters;
  },
  batchRules: (bytes) => {
    const parsed = parseBatchRules(readJson(bytes));
    if (!parsed.ok) throw invalid(parsed.details);
    return parsed.rules;
  },
  rerun: (bytes) => {
    const parsed = parseRerun(readJson(bytes));
    if (!parsed.ok) throw invalid(parsed.details);
    return { asked: parsed.rerun, bodyHash: hashOf(bytes) };
  },
  retryDeliveries: (bytes) => {
    const parsed = parseRetryDeliveries(readJson(bytes));
    if (!parsed.ok) throw invalid(parsed.details);
    return parsed.retry;
  },
  logLevel: (bytes) => {
    const parsed = parseLogLevel(readJson(bytes));
    if (!parsed.ok) throw invalid(parsed.details);
    return parsed.level;
  },
};

/** Of a call without a body. */
export const DEFAULT_RERUN_BODY: NewRerunBody = { asked: DEFAULT_RERUN, bodyHash: hashOf(Buffer.alloc(0)) };

function hashOf(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

const newBatchOf = (bytes: Buffer, limits: BatchLimits): NewBatch => readNewBatch(readJson(bytes), limits);

/** Reads JSON, without losing a digit. */
function readJson(bytes: Buffer): Json {
  const parsed = parseJson(bytes);
  if (!parsed.ok) throw invalid(parsed.details ?? [`body: ${parsed.message}`]);
  return parsed.value;
}
