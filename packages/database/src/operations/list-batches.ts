import type { TaskStatus } from '@arcrun/domain';
import { type Expression, type Kysely, type SqlBool, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { allOf, type Page, type PageOfRows, substringPattern } from './list-tasks.ts';

export interface BatchFilters {
  /** Substring of the kind of a task, as `name` is; these and `status` must hold for one and the same task. */
  readonly kind?: string | null;
  readonly name?: string | null;
  readonly status?: TaskStatus | null;
  /** RFC 3339; inclusive. */
  readonly createdAfter?: string | null;
  readonly createdBefore?: string | null;
  readonly scope?: string | null;
  /** JSON text that the batch's metadata must contain. */
  readonly metadata?: string | null;
  /** Substring of scope or metadata. */
  readonly search?: string | null;
}

export interface BatchKey {
  readonly createdAt: string;
  readonly batchId: string;
}

/** Batches, newest first. One without tasks is listed only when it was posted as an object. */
export async function listBatches(
  db: Kysely<Schema>,
  filters: BatchFilters,
  page: Page<BatchKey>,
): Promise<PageOfRows<BatchKey>> {
  const conditions: Expression<SqlBool>[] = [sql`(b.total_tasks > 0 or b.posted_as_object)`];
  const ofTask: Expression<SqlBool>[] = [];
  if (filters.kind != null) {
    const pattern = substringPattern(filters.kind);
    // The first finds them by an index.
    conditions.push(sql`kinds_text(b.kinds) like ${pattern}`);
    conditions.push(sql`exists (select from unnest(b.kinds) as k (kind) where k.kind like ${pattern})`);
    if (filters.name != null || filters.status != null) ofTask.push(sql`t.kind like ${pattern}`);
  }
  if (filters.name != null) ofTask.push(sql`t.name like ${substringPattern(filters.name)}`);
  if (filters.status != null) ofTask.push(sql`s.status = ${filters.status}`);
  if (ofTask.length > 0) {
    conditions.push(sql`exists (
      select from task t join task_state s on s.id = t.id where t.batch_id = b.id and ${allOf(ofTask)})`);
  }
  if (filters.createdAfter != null)
    conditions.push(sql`b.created_at >= ${filters.createdAfter}::timestamptz`);
  if (filters.createdBefore != null)
    conditions.push(sql`b.created_at < ${filters.createdBefore}::timestamptz`);
  if (filters.scope != null) conditions.push(sql`b.scope = ${filters.scope}`);
  if (filters.metadata != null) conditions.push(sql`b.metadata @> ${filters.metadata}::jsonb`);
  if (filters.search != null) {
    const pattern = substringPattern(filters.search);
    conditions.push(sql`(b.scope like ${pattern} or b.metadata::text like ${pattern})`);
  }
  if (page.after !== null) {
    conditions.push(
      sql`(b.created_at, b.id) < (${page.after.createdAt}::timestamptz, ${page.after.batchId}::uuid)`,
    );
  }
  const { rows } = await sql<{ json: string; created_at: string; id: string }>`
    select json_build_object(
      'batch_id', b.id, 'total_tasks', b.total_tasks, 'first_created_at', rfc3339(b.created_at),
      'latest_updated_at', rfc3339(b.updated_at), 'status_counts', batch_counts_json(b), 'kinds', b.kinds,
      'remaining', case when b.posted_as_object then b.open_tasks end,
      'scope', b.scope, 'metadata', coalesce(b.metadata, '{}'))::text as json,
      rfc3339(b.created_at) as created_at, b.id
    from batch b
    where ${allOf(conditions)}
    order by b.created_at desc, b.id desc
    limit ${page.size} offset ${page.offset}`.execute(db);
  const last = rows.length === page.size ? rows.at(-1) : undefined;
  return {
    json: `[${rows.map((row) => row.json).join(',')}]`,
    next: last ? { createdAt: last.created_at, batchId: last.id } : null,
  };
}
