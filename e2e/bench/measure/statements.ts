import { type Database } from '@arcrun/database';

/** Begins to count what the statements of this database cost (pg_stat_statements). */
export async function countStatements({ pool }: Database): Promise<void> {
  await pool.query('create extension if not exists pg_stat_statements');
  await pool.query('select pg_stat_statements_reset()');
}

/** The most expensive statements since then, those inside of functions too, as lines of text. */
export async function listStatements({ pool }: Database): Promise<string> {
  const { rows } = await pool.query<Record<'total' | 'mean' | 'calls' | 'rows' | 'text', string>>(`
    select round(total_exec_time)::text as total, round(mean_exec_time::numeric, 3)::text as mean, calls, rows,
           case when toplevel then '' else '  in a function: ' end || left(regexp_replace(query, '\\s+', ' ', 'g'), 160) as text
    from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
    order by total_exec_time desc limit 60`);
  const lines = rows.map((row) =>
    [row.total.padStart(8), row.mean.padStart(9), row.calls.padStart(8), row.rows.padStart(8), row.text].join(
      ' ',
    ),
  );
  return `total ms   mean ms    calls     rows statement\n${lines.join('\n')}\n`;
}
