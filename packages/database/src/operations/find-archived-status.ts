import type { TerminalStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** How a task ended that is in the archive; null when it is not there. */
export async function findArchivedStatus(db: Kysely<Schema>, id: string): Promise<TerminalStatus | null> {
  const { rows } = await sql<{ status: TerminalStatus }>`
    select status from archived_task where id = ${id}`.execute(db);
  return rows[0]?.status ?? null;
}
