import type { Database } from '@arcrun/database';

type Pool = Database['pool'];

/**
 * Drops the indexes of tables, except for those of their keys: many rows are written faster without them.
 *
 * @returns the statements that make them again, those first that take longest
 */
export async function dropIndexes(pool: Pool, tables: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; definition: string }>(
    `select i.indexname as name, i.indexdef as definition from pg_indexes i
     where i.schemaname = 'public' and i.tablename = any($1)
       and not exists (select from pg_constraint c where c.conname = i.indexname)
     order by i.indexdef not like '%USING gin%', i.indexname`,
    [tables],
  );
  for (const { name } of rows) await pool.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition);
}

/** All indexes of the database by name, as they are defined. */
export async function listIndexes(pool: Pool): Promise<Readonly<Record<string, string>>> {
  const { rows } = await pool.query<{ name: string; definition: string }>(
    `select indexname as name, indexdef as definition from pg_indexes where schemaname = 'public'`,
  );
  return Object.fromEntries(rows.map(({ name, definition }) => [name, definition]));
}
