import { type Kysely, sql, type Transaction } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from './connection.ts';
import { classifyFailure, retryConflicts, UnknownOutcomeError } from './failures.ts';
import type { Statement } from './own-transaction.ts';
import type { Schema } from './schema.ts';

const LOOK_UP_ATTEMPTS = 20;
const LOOK_UP_PAUSE_MS = 250;

/**
 * Runs a transaction whose outcome is known in the end, even when the connection dies during its commit: then
 * Postgres is asked what became of it. So an addition is never made twice and never lost.
 *
 * @param run its result; it may be run again when it lost against another transaction
 * @throws the error of the transaction when it did not commit; UnknownOutcomeError when Postgres stays away
 */
export async function commitKnown<T>(
  db: Kysely<Schema>,
  run: (trx: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  let finished: { xid: string; value: T } | undefined;
  try {
    return await retryConflicts(() =>
      db.transaction().execute(async (trx) => {
        finished = undefined;
        const value = await run(trx);
        finished = { xid: await askXid(trx), value };
        return value;
      }),
    );
  } catch (error) {
    if (finished !== undefined && (await hasCommittedAfter(error, db, finished.xid))) return finished.value;
    throw error;
  }
}

/**
 * The same for a transaction of one statement, in half the round trips.
 *
 * @param statement gives one row of one JSON text, in which `xid` is `pg_current_xact_id()`
 * @param onDoubt called before Postgres is asked what became of it, which may take seconds
 * @returns its row
 */
export async function commitKnownStatement<Row extends { readonly xid: string }>(
  db: Db,
  statement: Statement,
  onDoubt?: () => void,
): Promise<Row> {
  let row: Row | undefined;
  const keepRow = (text: string) => {
    row = JSON.parse(text);
  };
  try {
    await retryConflicts(() => {
      row = undefined;
      return db.runOwnTransaction(statement, keepRow);
    });
  } catch (error) {
    if (row === undefined || !(await hasCommittedAfter(error, db, row.xid, onDoubt))) throw error;
  }
  if (row === undefined) throw new Error('the statement gave no row');
  return row;
}

async function askXid(trx: Transaction<Schema>): Promise<string> {
  const { rows } = await sql<{ xid: string }>`select pg_current_xact_id()::text as xid`.execute(trx);
  return rows[0]!.xid;
}

/** Whether a transaction has committed although its commit was answered with this error. */
async function hasCommittedAfter(
  error: unknown,
  db: Kysely<Schema>,
  xid: string,
  onDoubt?: () => void,
): Promise<boolean> {
  if (classifyFailure(error) !== 'unavailable') return false;
  onDoubt?.();
  for (let attempt = 1; attempt <= LOOK_UP_ATTEMPTS; attempt++) {
    try {
      const { rows } = await sql<{ status: string | null }>`
        select pg_xact_status(${xid}::xid8) as status`.execute(db);
      if (rows[0]?.status !== 'in progress') return rows[0]?.status === 'committed';
    } catch {
      // Also when it has not heard of the transaction: a replica that is being promoted may yet.
    }
    await delay(LOOK_UP_PAUSE_MS);
  }
  throw new UnknownOutcomeError(error);
}
