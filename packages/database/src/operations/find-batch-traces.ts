import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The traces of these batches, by id; nothing of those that have none. */
export async function findBatchTraces(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; traceparent: string }>`
    select id, traceparent from batch where id = any(${ids}::uuid[]) and traceparent is not null`.execute(db);
  return new Map(rows.map(({ id, traceparent }) => [id, traceparent]));
}
