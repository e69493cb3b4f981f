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

export interface RenewedLease {
  /** False: it was not alive any more (or is the first), so claims made under it may be gone. */
  readonly wasAlive: boolean;
  /** By the database's clock, since 1970. */
  readonly nowMs: number;
}

export async function renewWorkerLease(
  db: Kysely<Schema>,
  worker: WorkerIdentity,
  leaseSecs: number,
  { isFull, fullOrigins }: WorkerLoad = NO_LOAD,
): Promise<RenewedLease> {
  const { rows } = await sql<RenewedLease>`
    select renew_worker_lease(${worker.id}, ${worker.host}, ${worker.pid}, ${leaseSecs}, ${isFull},
                              ${[...fullOrigins]}::text[]) as "wasAlive",
           1000 * extract(epoch from clock_timestamp())::float8 as "nowMs"`.execute(db);
  return rows[0]!;
}
