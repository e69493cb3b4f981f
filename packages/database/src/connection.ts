import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, type KyselyConfig } from 'kysely';
import pg from 'pg';
import type { DatabaseBreaker } from './breaker.ts';
import { classifyFailure } from './failures.ts';
import { runOwnTransaction, type Statement } from './own-transaction.ts';
import { requestCancel } from './request-cancel.ts';
import type { Schema } from './schema.ts';
import { SessionlessDialect } from './sessionless-dialect.ts';

export interface PoolSettings {
  readonly url: string;
  readonly maxSize: number;
  readonly minIdle: number;
  /** How long a caller waits for a free connection. */
  readonly acquireTimeoutMs: number;
  /** How often a connection that was refused is asked for again, before the caller fails. */
  readonly acquireRetries?: number;
  /** How long a statement or a transaction may take before it is canceled; no limit when left out. */
  readonly statementTimeoutMs?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A broken idle connection is no failure of anybody's query; it is only told. */
  readonly onIdleError: (error: Error) => void;
  /** Called after each statement: its name (the function or table it is about) and how long it took. */
  readonly onQuery?: (query: string, durationMs: number) => void;
  /** Refuses callers while the database does not answer. */
  readonly breaker?: DatabaseBreaker;
}

type StatementRunner = (statement: Statement, onRow: (text: string) => void) => Promise<void>;

/** Kysely, and statements that are transactions of their own, past it: for what is written thousands of times a second. */
export class Db extends Kysely<Schema> {
  /** See {@link runOwnTransaction}. */
  readonly runOwnTransaction: StatementRunner;

  constructor(config: KyselyConfig, run: StatementRunner) {
    super(config);
    this.runOwnTransaction = run;
  }
}

export interface Database {
  readonly db: Db;
  readonly pool: pg.Pool;
  /** One connection that is never at work, so that what asks for Postgres' health does not wait behind work. */
  readonly probe: pg.Pool;
  close(): Promise<void>;
}

/** What asks for health gives up sooner than this; a connection that stays silent for so long is replaced. */
const PROBE_LIMIT_MS = 2000;
/** Longer than probes usually pause. */
const PROBE_IDLE_MS = 60_000;

/** A connection that is silent for so long is asked whether it is still there: firewalls forget those without a word. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Opens a pool. Nothing is sent before the first query, so a process can start while Postgres is away. */
export function openDatabase(settings: PoolSettings): Database {
  const pool = new pg.Pool({
    connectionString: settings.url,
    max: settings.maxSize,
    min: Math.min(settings.minIdle, settings.maxSize),
    connectionTimeoutMillis: settings.acquireTimeoutMs,
    application_name: settings.applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  const probe = new pg.Pool({
    connectionString: settings.url,
    max: 1,
    connectionTimeoutMillis: PROBE_LIMIT_MS,
    query_timeout: PROBE_LIMIT_MS,
    idleTimeoutMillis: PROBE_IDLE_MS,
    application_name: `${settings.applicationName}-probe`,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  pool.on('error', settings.onIdleError);
  probe.on('error', settings.onIdleError);
  // A connection that breaks between two statements of a transaction fails the next one. Without a listener it
  // would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const { onQuery, breaker, statementTimeoutMs } = settings;
  if (statementTimeoutMs !== undefined) giveUpAfter(pool, statementTimeoutMs);
  breaker?.probeWith(() => pool.query('select 1'));
  const connect = () => acquire(pool, settings);
  /** @param error why it failed; undefined when it did not */
  const watch = (statement: string, durationMs: number, error?: unknown) => {
    if (error !== undefined && classifyFailure(error) === 'unavailable') breaker?.failed();
    else breaker?.succeeded();
    onQuery?.(nameOfQuery(statement), durationMs);
  };
  const run: StatementRunner = async (statement, onRow) => {
    const client = await connect();
    const beganMs = performance.now();
    try {
      await runOwnTransaction(client, statement, onRow);
      watch(statement.text, performance.now() - beganMs);
    } catch (error) {
      watch(statement.text, performance.now() - beganMs, error);
      throw error;
    } finally {
      client.release();
    }
  };
  const config: KyselyConfig = {
    dialect: new SessionlessDialect({ pool: { options: pool.options, connect, end: () => pool.end() } }),
    log: (event) =>
      watch(event.query.sql, event.queryDurationMillis, event.level === 'error' ? event.error : undefined),
  };
  const db = new Db(config, run);
  return {
    db,
    pool,
    probe,
    close: async () => {
      breaker?.stop();
      if (!probe.ended) await probe.end();
      // Kysely ends the pool only when it was used.
      await db.destroy();
      if (!pool.ended) await pool.end();
    },
  };
}

/** How long Postgres may take to cancel a statement before it counts as gone. */
const CANCEL_LIMIT_MS = 2000;

/**
 * Cancels statements that take longer, and ends their connections when they are given back, or when not even that is
 * answered: a cancel that comes late would meet the next statement. When the other side has vanished without a word (a
 * failover, a firewall), TCP itself takes a quarter of an hour to say so. What is only left alone goes on in Postgres, and
 * may be committed when nobody waits for it any more.
 */
function giveUpAfter(pool: pg.Pool, limitMs: number): void {
  const timers = new WeakMap<pg.PoolClient, NodeJS.Timeout>();
  const wait = (client: pg.PoolClient, ms: number, then: () => void) =>
    timers.set(client, setTimeout(then, ms).unref());
  const canceled = new WeakSet<pg.PoolClient>();
  pool.on('acquire', (client) =>
    wait(client, limitMs, () => {
      canceled.add(client);
      requestCancel(client, CANCEL_LIMIT_MS);
      // With a statement under way, end() does not wait for it: it breaks the connection.
      wait(client, CANCEL_LIMIT_MS, () => void client.end());
    }),
  );
  pool.on('release', (_error, client) => {
    clearTimeout(timers.get(client));
    if (canceled.has(client)) void client.end();
  });
}

const FIRST_PAUSE_MS = 50;

async function acquire(pool: pg.Pool, { breaker, acquireRetries = 0 }: PoolSettings): Promise<pg.PoolClient> {
  for (let attempt = 0; ; attempt++) {
    breaker?.admit();
    try {
      return await pool.connect();
    } catch (error) {
      breaker?.failed();
      if (attempt >= acquireRetries || !wasRefused(error)) throw error;
    }
    await delay(FIRST_PAUSE_MS * 2 ** attempt);
  }
}

/** Refused at once: a restart, a full server. A caller that has waited its time is not made to wait again. */
function wasRefused(error: unknown): boolean {
  const isTimeout = error instanceof Error && /timeout/i.test(error.message);
  return classifyFailure(error) === 'unavailable' && !isTimeout;
}

/** A bounded label for metrics: the first function or table that a statement names after its verb. */
function nameOfQuery(statement: string): string {
  const match = /\b(?:from|into|update|call)\s+"?([a-z_0-9]+)"?/i.exec(statement.slice(0, 2000));
  return match?.[1] ?? statement.slice(0, 20).trim().split(/\s/, 1)[0]!.toLowerCase();
}
