import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** A probe got no answer: the next one may go out in `recoverySecs`. */
export async function putOffProbe(db: Kysely<Schema>, origin: string, recoverySecs: number): Promise<void> {
  await sql`select put_off_probe(${origin}, ${recoverySecs})`.execute(db);
}
