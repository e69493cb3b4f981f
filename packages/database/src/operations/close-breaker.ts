import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The origin answered: its calls go on. Returns false when the breaker was closed already. */
export async function closeBreaker(db: Kysely<Schema>, origin: string): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    select close_breaker(${origin}) as changed`.execute(db);
  return rows[0]!.changed;
}
