import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

export interface PoolSettings {
  readonly url: string;
  readonly maxSize: number;
  readonly minIdle: number;
  /** How long a caller waits for a free connection. */
  readonly acquireTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A broken idle connection is no failure of anybody's query; it is only told. */
  readonly onIdleError: (error: Error) => void;
  /** Called after each statement: its name (the function or table it is about) and how long it took. */
  readonly onQuery?: (query: string, durationMs: number) => void;
}

export interface Database {
  readonly db: Kysely<Schema>;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** Opens a pool. Nothing is sent before the first query, so a process can start while Postgres is away. */
export function openDatabase(settings: PoolSettings): Database {
  const pool = new pg.Pool({
    connectionString: settings.url,
    max: settings.maxSize,
    min: Math.min(settings.minIdle, settings.maxSize),
    connectionTimeoutMillis: settings.acquireTimeoutMs,
    application_name: settings.applicationName,
    keepAlive: true,
  });
  pool.on('error', settings.onIdleError);
  const { onQuery } = settings;
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    ...(onQuery && {
      log: (event) => onQuery(nameOfQuery(event.query.sql), event.queryDurationMillis),
    }),
  });
  return { db, pool, close: () => db.destroy() };
}

/** A bounded label for metrics: the first function or table that a statement names after its verb. */
function nameOfQuery(statement: string): string {
  const match = /\b(?:from|into|update|call)\s+"?([a-z_0-9]+)"?/i.exec(statement.slice(0, 2000));
  return match?.[1] ?? statement.slice(0, 20).trim().split(/\s/, 1)[0]!.toLowerCase();
}
