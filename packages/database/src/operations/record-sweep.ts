import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Takes the right to sweep, if the last sweep is at least `minAgeMs` old. One caller of many gets it. */
export async function recordSweep(db: Kysely<Schema>, minAgeMs: number): Promise<boolean> {
  const { rows } = await sql`
    insert into sweep as s (name, ran_at) values ('sweep', now())
    on conflict (name) do update set ran_at = now()
    where s.ran_at <= now() - make_interval(secs => ${minAgeMs / 1000})
    returning name`.execute(db);
  return rows.length > 0;
}
