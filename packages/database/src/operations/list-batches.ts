import type { TaskStatus } from '@arcrun/domain';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type BatchKey, byBatch, byTasks } from '../lists/batch-keys.ts';
import { findKinds } from '../lists/find-kinds.ts';
import { type Page, type PageOfRows, reachOf } from '../lists/page.ts';
import { withinTimeLimit } from '../lists/time-limit.ts';
import type { Schema } from '../schema.ts';

export type { BatchKey };

/** Null: whatever it is. */
export interface BatchFilters {
  /** A text that the kind of a task has in it. This, `name` and `status` must hold for one and the same task. */
  readonly kind?: string | null;
  readonly name?: string | null;
  readonly status?: TaskStatus | null;
  /** RFC 3339; inclusive. */
  readonly createdAfter?: string | null;
  readonly createdBefore?: string | null;
  readonly scope?: string | null;
  /** JSON text that the batch's metadata must contain. */
  readonly metadata?: string | null;
  /** A text that scope or metadata have in them. */
  readonly search?: string | null;
}

/** How many of the newest batches are looked at before an index is asked. */
const LOOKS = 500;
/** The same where tasks are looked at, too: as many rows of batches, and as many tasks of those that may have one. */
const TASK_LOOKS = { batches: 2000, tasks: 5000 };
/** As many tasks, at most, are looked at for each batch of the pages before. */
const TASKS_EACH = 100;
/** More than any database has, and still an integer of Postgres. */
const TASK_LOOKS_MAX = 1_000_000_000;

/**
 * Batches, newest first. One without tasks is listed only when it was posted as an object.
 *
 * @param limitMs how long a statement may take
 * @throws an error that `classifyFailure` calls 'too slow' after that
 */
export function listBatches(
  db: Kysely<Schema>,
  filters: BatchFilters,
  page: Page<BatchKey>,
  limitMs: number,
): Promise<PageOfRows<BatchKey>> {
  return withinTimeLimit(db, limitMs, async (bounded) => {
    const rows = await findRows(bounded, filters, page);
    return rows === null ? { json: '[]', next: null } : readPage(bounded, rows, page);
  });
}

/** Chooses what to go by; null when there is no such batch. */
async function findRows(
  db: Kysely<Schema>,
  { kind = null, name = null, status = null, ...ofBatch }: BatchFilters,
  page: Page<BatchKey>,
): Promise<RawBuilder<unknown> | null> {
  const kinds = kind === null ? null : await findKinds(db, kind);
  if (kinds?.length === 0) return null;
  const conditions = { ...ofBatch, task: { name, status, kinds, kindText: kinds === null ? kind : null } };
  const { scope, metadata, search } = ofBatch;
  const isAnyBatch = [scope, metadata, search].every((condition) => condition == null);
  if (name === null || !isAnyBatch) return byBatch(conditions, page.after, LOOKS + reachOf(page));
  // Who asks for a later page has seen earlier ones, so that many batches have it.
  const looks = {
    batches: TASK_LOOKS.batches + 2 * page.offset,
    tasks: Math.min(TASK_LOOKS.tasks + TASKS_EACH * page.offset, TASK_LOOKS_MAX),
  };
  return byTasks(conditions, page.after, looks);
}

async function readPage(
  db: Kysely<Schema>,
  found: RawBuilder<unknown>,
  { size, offset }: Page<BatchKey>,
): Promise<PageOfRows<BatchKey>> {
  const { rows } = await sql<{ json: string; created_at: string; id: string }>`
    with page as materialized (
      select created_at, id from (${found}) f limit ${size} offset ${offset}
    )
    select json_build_object(
      'batch_id', b.id, 'total_tasks', b.total_tasks, 'first_created_at', rfc3339(b.created_at),
      'latest_updated_at', rfc3339(b.updated_at), 'status_counts', counts_json(c.counts), 'kinds', b.kinds,
      'remaining', case when b.posted_as_object then b.open_tasks end,
      'scope', b.scope, 'metadata', coalesce(b.metadata, '{}'), 'rerun_of', b.rerun_of)::text as json,
      rfc3339(b.created_at) as created_at, b.id
    from page p join batch b on b.id = p.id
    cross join lateral (
      select coalesce(b.status_counts, (
        select jsonb_object_agg(n.status, n.count)
        from (select s.status, count(*) from task_state s where s.batch_id = b.id group by s.status) n)) as counts
      offset 0) c
    order by p.created_at desc, p.id desc`.execute(db);
  const last = rows.length === size ? rows.at(-1) : undefined;
  return {
    json: `[${rows.map((row) => row.json).join(',')}]`,
    next: last ? { createdAt: last.created_at, batchId: last.id } : null,
  };
}
