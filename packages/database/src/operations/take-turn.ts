import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** What is done from time to time, by whoever comes first. */
export type Duty = 'sweep' | 'retention' | 'vacuum';

/** Takes the right to a duty, if it was done at least `minAgeMs` ago. One caller of many gets it. */
export async function takeTurn(db: Kysely<Schema>, duty: Duty, minAgeMs: number): Promise<boolean> {
  const { rows } = await sql`
    insert into sweep as s (name, ran_at) values (${duty}, now())
    on conflict (name) do update set ran_at = now()
    where s.ran_at <= now() - make_interval(secs => ${minAgeMs / 1000})
    returning name`.execute(db);
  return rows.length > 0;
}
