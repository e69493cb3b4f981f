import type { Database } from '@arcrun/database';

/**
 * The share of the updates of tasks that wrote into no index (HOT), in percent since the database was made; NaN
 * without any. Backends tell what they did within a second after it.
 */
export async function readHotShare({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ share: number | null }>(
    `select (100.0 * n_tup_hot_upd / nullif(n_tup_upd, 0))::float8 as share
     from pg_stat_user_tables where relname = 'task_state'`,
  );
  return rows[0]?.share ?? Number.NaN;
}
