import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * Opens the breaker of a receiving origin for the whole fleet: nothing is claimed for it or delivered to it, but for
 * one probe at a time after `recoverySecs`. Returns false when it was open already.
 */
export async function openBreaker(
  db: Kysely<Schema>,
  origin: string,
  recoverySecs: number,
): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    select open_breaker(${origin}, ${recoverySecs}) as changed`.execute(db);
  return rows[0]!.changed;
}
