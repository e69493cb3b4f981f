import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Tasks and links of a batch as JSON text, from the archive too; an unknown batch is an empty graph. */
export async function findDag(db: Kysely<Schema>, batchId: string): Promise<string> {
  const { rows } = await sql<{ json: string }>`select dag_json(${batchId})::text as json`.execute(db);
  return rows[0]!.json;
}
