import { type Kysely, sql, type Transaction } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure, retryConflicts } from './failures.ts';
import type { Schema } from './schema.ts';

const LOOK_UP_ATTEMPTS = 20;
const LOOK_UP_PAUSE_MS = 250;

/**
 * Runs a transaction whose outcome is known in the end, even when the connection dies during its commit: then
 * Postgres is asked what became of it. So an addition is never made twice and never lost.
 *
 * @param run its result; it may be run again when it lost against another transaction. A hot one asks for
 *   `pg_current_xact_id()` in its own statement and tells it, which saves a round trip
 * @throws the error of the transaction when it did not commit
 */
export async function commitKnown<T>(
  db: Kysely<Schema>,
  run: (trx: Transaction<Schema>, tellXid: (xid: string) => void) => Promise<T>,
): Promise<T> {
  let finished: { xid: string; value: T } | undefined;
  try {
    return await retryConflicts(() =>
      db.transaction().execute(async (trx) => {
        finished = undefined;
        let xid: string | undefined;
        const value = await run(trx, (told) => (xid = told));
        finished = { xid: xid ?? (await askXid(trx)), value };
        return value;
      }),
    );
  } catch (error) {
    if (
      finished !== undefined &&
      classifyFailure(error) === 'unavailable' &&
      (await hasCommitted(db, finished.xid))
    ) {
      return finished.value;
    }
    throw error;
  }
}

async function askXid(trx: Transaction<Schema>): Promise<string> {
  const { rows } = await sql<{ xid: string }>`select pg_current_xact_id()::text as xid`.execute(trx);
  return rows[0]!.xid;
}

async function hasCommitted(db: Kysely<Schema>, xid: string): Promise<boolean> {
  for (let attempt = 1; attempt <= LOOK_UP_ATTEMPTS; attempt++) {
    try {
      const { rows } = await sql<{ status: string | null }>`
        select pg_xact_status(${xid}::xid8) as status`.execute(db);
      if (rows[0]?.status !== 'in progress') return rows[0]?.status === 'committed';
    } catch (error) {
      if (classifyFailure(error) !== 'unavailable') throw error;
    }
    await delay(LOOK_UP_PAUSE_MS);
  }
  return false;
}
