import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

/** Gives the lease up at once; whatever is still claimed under it is handed back by the next sweep. */
export async function deleteWorkerLease(db: Kysely<Schema>, workerId: string): Promise<void> {
  await db.deleteFrom('worker').where('id', '=', workerId).execute();
}
