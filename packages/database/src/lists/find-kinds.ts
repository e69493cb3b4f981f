import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { substringPattern } from './conditions.ts';

/** As many as one statement goes through side by side. */
const KINDS_MAX = 32;

/**
 * The kinds that have a text in them. Those that there are, are found by leaps through the index of tasks by kind, one
 * for each.
 *
 * @returns null when there are too many
 */
export async function findKinds(db: Kysely<Schema>, text: string): Promise<readonly string[] | null> {
  const { rows } = await sql<{ kind: string }>`
    with recursive known (kind) as (
      (select kind from task order by kind limit 1)
      union all
      select (select t.kind from task t where t.kind > k.kind order by t.kind limit 1)
      from known k where k.kind is not null
    )
    select kind from known where kind like ${substringPattern(text)} limit ${KINDS_MAX + 1}`.execute(db);
  return rows.length > KINDS_MAX ? null : rows.map(({ kind }) => kind);
}
