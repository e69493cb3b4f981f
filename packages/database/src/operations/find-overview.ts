import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * What goes on in the whole fleet, as JSON text: the last hour by the minute, the oldest Pending task, the busiest kinds
 * and rules, the workers and what they hold. Most of it was found out when the newest sample was taken.
 */
export async function findOverview(db: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{ json: string }>`select overview_json()::text as json`.execute(db);
  return rows[0]!.json;
}
