import type { Database } from '@arcrun/database';
import { endPooledConnections, type TestDatabase } from '../../testing/index.ts';

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

/** A connection that tells how its statements were carried out. */
export interface WatchedConnection {
  readonly watched: Database;
  /** What has been read since it was called last. */
  readonly takeReads: () => Promise<ReadRows[]>;
}

/** Of all new connections: a pooler gives each transaction to another one, so nothing may hang on a single session. */
const TELL_PLANS = `
  do $$ declare setting text; begin
    foreach setting in array array[
      'session_preload_libraries = auto_explain', 'auto_explain.log_min_duration = 0', 'auto_explain.log_analyze = on',
      'auto_explain.log_timing = off', 'auto_explain.log_nested_statements = on', 'auto_explain.log_format = json',
      'auto_explain.log_level = notice'
    ] loop
      execute format('alter database %I set %s', current_database(), setting);
    end loop;
  end $$`;

/**
 * Opens a connection that tells how each of its statements was carried out, those inside functions too. Closed with
 * `database`.
 */
export async function watchPlans(database: TestDatabase): Promise<WatchedConnection> {
  await database.pool.query(TELL_PLANS);
  await endPooledConnections(database.url);
  const watched = database.open(1);
  const reads: ReadRows[] = [];
  const client = await watched.pool.connect();
  client.on('notice', ({ message = '' }) => {
    const json = message.slice(message.indexOf('{'));
    if (!json.startsWith('{')) return;
    const { 'Query Text': text, Plan: plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
    collect(plan, text.trim().slice(0, 120), reads);
  });
  client.release();
  return {
    watched,
    takeReads: async () => {
      // What the connection has still to say comes before the answer.
      await watched.pool.query('select');
      return reads.splice(0);
    },
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
