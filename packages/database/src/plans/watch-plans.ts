import type { Database } from '@arcrun/database';
import type { PoolClient } from 'pg';

/** What one step of a plan has read of a table. */
export interface ReadRows {
  readonly table: string;
  /** Of the index, if it went by one. */
  readonly index: string | undefined;
  /** From one end of the table to the other. */
  readonly isSequential: boolean;
  /** What it gave and what its filter threw away. */
  readonly rows: number;
  /** The beginning of the statement. */
  readonly statement: string;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Heap Fetches'?: number;
  readonly Plans?: readonly PlanNode[];
}

/**
 * Has the only connection of `database` tell how each statement was carried out, those inside functions too. The
 * returned function gives what has been read since it was called last.
 */
export async function watchPlans(database: Database): Promise<() => Promise<ReadRows[]>> {
  const reads: ReadRows[] = [];
  const client: PoolClient = await database.pool.connect();
  client.on('notice', ({ message = '' }) => {
    const json = message.slice(message.indexOf('{'));
    if (!json.startsWith('{')) return;
    const { 'Query Text': text, Plan: plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
    collect(plan, text.trim().slice(0, 120), reads);
  });
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_analyze = on;
    set auto_explain.log_timing = off;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json;
    set auto_explain.log_level = notice`);
  client.release();
  return async () => {
    // What the connection has still to say comes before the answer.
    await database.pool.query('select');
    return reads.splice(0);
  };
}

function collect(node: PlanNode, statement: string, into: ReadRows[]): void {
  const isScan = node['Node Type'].endsWith('Scan') && node['Node Type'] !== 'Bitmap Index Scan';
  const table = node['Relation Name'];
  if (isScan && table !== undefined) {
    const thrownAway = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    into.push({
      table,
      index: node['Index Name'],
      isSequential: node['Node Type'] === 'Seq Scan',
      rows: ((node['Actual Rows'] ?? 0) + thrownAway) * (node['Actual Loops'] ?? 1),
      statement,
    });
  }
  for (const child of node.Plans ?? []) collect(child, statement, into);
}
