import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

const PARENTS_MAX = 16;

/** What traces tell of a task whose batch was created while tracing was on. */
export interface TracedTaskRow {
  readonly id: string;
  readonly batchId: string;
  readonly kind: string;
  /** Of the request that created its batch. */
  readonly traceparent: string;
  /** Some of its parents, if it has many. */
  readonly parents: readonly string[];
  readonly status: string;
  /** Times in ms since 1970. */
  readonly updatedMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}

/** What traces tell of these tasks, by id; nothing of those whose batch has no trace. Asked while tracing is on. */
export async function findTracedTasks(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, TracedTaskRow>> {
  const { rows } = await sql<TracedTaskRow>`
    select t.id, t.batch_id as "batchId", t.kind, b.traceparent, s.status,
      array(select l.parent_id from link l where l.child_id = t.id order by l.parent_id limit ${PARENTS_MAX}) as parents,
      extract(epoch from s.last_updated)::float8 * 1000 as "updatedMs",
      extract(epoch from s.started_at)::float8 * 1000 as "startedMs",
      extract(epoch from s.ended_at)::float8 * 1000 as "endedMs"
    from unnest(${ids}::uuid[]) as u (id)
    join task t on t.id = u.id
    join task_state s on s.id = u.id
    join batch b on b.id = t.batch_id
    where b.traceparent is not null`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}
