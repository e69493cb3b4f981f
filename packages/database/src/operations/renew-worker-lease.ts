import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

export interface WorkerIdentity {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
}

/** What a worker has no room for; told with each renewal, so that it can be shown. */
export interface WorkerLoad {
  /** It has as many calls of on_start open as it may. */
  readonly isFull: boolean;
  /** Receivers that it may open no further call to. */
  readonly fullOrigins: readonly string[];
}

const NO_LOAD: WorkerLoad = { isFull: false, fullOrigins: [] };

/** Renews the lease. False: it was not alive any more (or is the first), so claims made under it may be gone. */
export async function renewWorkerLease(
  db: Kysely<Schema>,
  worker: WorkerIdentity,
  leaseSecs: number,
  { isFull, fullOrigins }: WorkerLoad = NO_LOAD,
): Promise<boolean> {
  const { rows } = await sql<{ was_alive: boolean }>`
    select renew_worker_lease(${worker.id}, ${worker.host}, ${worker.pid}, ${leaseSecs}, ${isFull},
                              ${[...fullOrigins]}::text[]) as was_alive`.execute(db);
  return rows[0]!.was_alive;
}

/** Gives the lease up at once; whatever is still claimed under it is handed back by the next sweep. */
export async function deleteWorkerLease(db: Kysely<Schema>, workerId: string): Promise<void> {
  await db.deleteFrom('worker').where('id', '=', workerId).execute();
}
