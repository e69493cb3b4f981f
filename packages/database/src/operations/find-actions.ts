import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

export interface ActionToCall {
  /** In hex. */
  readonly hash: string;
  readonly url: string;
  readonly verb: string;
  /** JSON text of an object of strings. */
  readonly headers: string | null;
  /** JSON text. */
  readonly body: string | null;
  /** How often it is called at the most, and the first pause between calls; null: as the settings say. */
  readonly maxAttempts: number | null;
  readonly backoffSecs: number | null;
}

/** Actions by their content's hash. They never change, so callers may keep them. */
export async function findActions(db: Kysely<Schema>, hashes: readonly string[]): Promise<ActionToCall[]> {
  const { rows } = await sql<ActionToCall>`
    select encode(hash, 'hex') as hash, url, verb, headers::text as headers, body::text as body,
           max_attempts as "maxAttempts", backoff_secs as "backoffSecs"
    from action
    where hash in (select decode(h, 'hex') from unnest(${hashes}::text[]) as u (h))`.execute(db);
  return rows;
}
