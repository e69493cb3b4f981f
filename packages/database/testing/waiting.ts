import { type Kysely, sql } from 'kysely';
import type { Schema } from '../src/schema.ts';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until a condition holds.
 *
 * @throws when it does not within `timeoutMs`
 */
export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await delay(5);
  }
}

/** Waits until as many statements of this database as said are blocked by a lock, whose text contains `statement`. */
export async function untilBlocked(db: Kysely<Schema>, statement: string, count = 1): Promise<void> {
  await until(`${count} × ${statement} wait for a lock`, async () => {
    const { rows } = await sql<{ blocked: number }>`
      select count(*)::integer as blocked from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'
        and query like ${`%${statement}%`} and pid <> pg_backend_pid()`.execute(db);
    return rows[0]!.blocked >= count;
  });
}

/** A transaction that stands open until it is told to end. */
export interface OpenTransaction {
  readonly trx: Kysely<Schema>;
  commit(): Promise<void>;
}

/** Opens a transaction that holds what it locks until it is committed. */
export async function openTransaction(db: Kysely<Schema>): Promise<OpenTransaction> {
  const trx = await db.startTransaction().execute();
  return { trx, commit: () => trx.commit().execute() };
}

/** Locks the moving row of a task until `commit`. */
export async function lockTask(db: Kysely<Schema>, id: string): Promise<OpenTransaction> {
  const open = await openTransaction(db);
  await sql`select from task_state where id = ${id} for update`.execute(open.trx);
  return open;
}
