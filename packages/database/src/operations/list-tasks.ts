import type { TaskStatus } from '@arcrun/domain';
import { type Expression, type Kysely, type SqlBool, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** A page of a list: by number, or after a key that an earlier page ended with. */
export interface Page<Key> {
  readonly size: number;
  readonly offset: number;
  readonly after: Key | null;
}

/** JSON text of the rows, and the key of the last one when there may be more. */
export interface PageOfRows<Key> {
  readonly json: string;
  readonly next: Key | null;
}

export interface TaskFilters {
  readonly name?: string | null;
  readonly kind?: string | null;
  readonly status?: TaskStatus | null;
  readonly batchId?: string | null;
  readonly timeoutSecs?: number | null;
  /** JSON text that the task's metadata must contain. */
  readonly metadata?: string | null;
}

/** Newest first; within a batch by position. The time is RFC 3339 with microseconds. */
export interface TaskKey {
  readonly createdAt: string;
  readonly batchId: string;
  readonly position: number;
}

export async function listTasks(
  db: Kysely<Schema>,
  filters: TaskFilters,
  page: Page<TaskKey>,
): Promise<PageOfRows<TaskKey>> {
  const conditions: Expression<SqlBool>[] = [];
  if (filters.name != null) conditions.push(sql`t.name like ${substringPattern(filters.name)}`);
  if (filters.kind != null) conditions.push(sql`t.kind like ${substringPattern(filters.kind)}`);
  if (filters.status != null) conditions.push(sql`s.status = ${filters.status}`);
  if (filters.batchId != null) conditions.push(sql`t.batch_id = ${filters.batchId}`);
  if (filters.timeoutSecs != null) conditions.push(sql`t.timeout_secs = ${filters.timeoutSecs}`);
  if (filters.metadata != null) conditions.push(sql`t.metadata @> ${filters.metadata}::jsonb`);
  if (page.after !== null) {
    const { createdAt, batchId, position } = page.after;
    conditions.push(
      sql`(t.created_at, t.batch_id, -t.position) < (${createdAt}::timestamptz, ${batchId}::uuid, ${-position}::integer)`,
    );
  }
  const { rows } = await sql<{ json: string; created_at: string; batch_id: string; position: number }>`
    select basic_task_json(t, s)::text as json, rfc3339(t.created_at) as created_at, t.batch_id, t.position
    from task t join task_state s on s.id = t.id
    where ${allOf(conditions)}
    order by t.created_at desc, t.batch_id desc, -t.position desc
    limit ${page.size} offset ${page.offset}`.execute(db);
  const last = rows.length === page.size ? rows.at(-1) : undefined;
  return {
    json: `[${rows.map((row) => row.json).join(',')}]`,
    next: last ? { createdAt: last.created_at, batchId: last.batch_id, position: last.position } : null,
  };
}

/** A LIKE pattern that finds the text anywhere, taken literally. */
export function substringPattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

export function allOf(conditions: readonly Expression<SqlBool>[]): Expression<SqlBool> {
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;
}
