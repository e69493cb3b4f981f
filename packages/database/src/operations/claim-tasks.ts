import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

export interface Claim {
  readonly id: string;
  readonly batchId: string;
  /** The fencing token: grows with each claim of the task. */
  readonly claim: number;
  readonly kind: string;
  /** Hash of the on_start action, in hex. */
  readonly onStart: string;
}

/** Claims up to `limit` Pending tasks, first in order first, for a worker whose lease is alive. */
export async function claimTasks(db: Kysely<Schema>, workerId: string, limit: number): Promise<Claim[]> {
  const { rows } = await sql<Claim>`
    select id, batch_id as "batchId", claim, kind, encode(on_start, 'hex') as "onStart"
    from claim_tasks(${workerId}, ${limit})`.execute(db);
  return rows;
}
