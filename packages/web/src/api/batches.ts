import { call, get, toQuery } from './request.ts';
import type {
  BasicTask,
  BatchStats,
  BatchSummary,
  Dag,
  NewRule,
  RerunPlan,
  StoppedBatch,
  UpdatedRules,
} from './types.ts';

/** Filters of `GET /batches`; empty ones count as not given. */
export interface BatchFilter {
  readonly status?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly scope?: string | undefined;
  readonly search?: string | undefined;
  readonly metadata?: string | undefined;
  readonly created_after?: string | undefined;
  readonly created_before?: string | undefined;
  /** The cursor of an earlier page. */
  readonly after?: string | undefined;
}

export interface BatchPage {
  readonly batches: readonly BatchSummary[];
  /** The cursor of the next page; null on the last one. */
  readonly next: string | null;
}

export async function listBatches(filter: BatchFilter, signal?: AbortSignal): Promise<BatchPage> {
  const { body, headers } = await call<BatchSummary[]>('GET', `batches${toQuery({ ...filter })}`, { signal });
  return { batches: body, next: nextCursor(headers) };
}

export const getBatch = (id: string, signal?: AbortSignal): Promise<BatchStats> =>
  get(`batch/${encodeURIComponent(id)}`, signal);

export const getDag = (id: string, signal?: AbortSignal): Promise<Dag> =>
  get(`dag/${encodeURIComponent(id)}`, signal);

export const stopBatch = async (id: string): Promise<StoppedBatch> =>
  (await call<StoppedBatch>('DELETE', `batch/${encodeURIComponent(id)}`)).body;

export const updateBatchRules = async (
  id: string,
  kind: string,
  rules: readonly NewRule[],
): Promise<UpdatedRules> =>
  (await call<UpdatedRules>('PATCH', `batch/${encodeURIComponent(id)}/rules`, { body: { kind, rules } }))
    .body;

export interface CreatedBatch {
  readonly batchId: string;
  readonly tasks: readonly BasicTask[];
}

/** `POST /task`. */
export async function createBatch(input: unknown): Promise<CreatedBatch> {
  const { body, headers } = await call<BasicTask[] | null>('POST', 'task', { body: input });
  return { batchId: headers.get('x-batch-id') ?? '', tasks: body ?? [] };
}

/** The cursor in `Link: <?…&after=…>; rel="next"`. */
export function nextCursor(headers: Headers): string | null {
  const match = /<\?([^>]*)>; rel="next"/.exec(headers.get('link') ?? '');
  return match === null ? null : new URLSearchParams(match[1]).get('after');
}

export type RerunChoice = 'unsuccessful' | 'all';

/** What a rerun would run. */
export async function planRerun(
  batchId: string,
  only: RerunChoice,
  signal?: AbortSignal,
): Promise<RerunPlan> {
  const body = { only, dry_run: true };
  return (await call<RerunPlan>('POST', `batch/${encodeURIComponent(batchId)}/rerun`, { body, signal })).body;
}

/**
 * Runs tasks of a finished batch again.
 *
 * @param key the same for each try of the same wish
 * @returns the new batch; null when nothing is left to run
 */
export async function rerunBatch(batchId: string, only: RerunChoice, key: string): Promise<string | null> {
  const { headers } = await call<BasicTask[] | null>('POST', `batch/${encodeURIComponent(batchId)}/rerun`, {
    body: { only },
    headers: { 'idempotency-key': key },
  });
  return headers.get('x-batch-id');
}
