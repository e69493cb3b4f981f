import type { TerminalStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

export interface ArchivedEnd {
  readonly status: TerminalStatus;
  /** The last one. */
  readonly attempt: number;
}

/** How a task ended that is in the archive; null when it is not there. */
export async function findArchivedEnd(db: Kysely<Schema>, id: string): Promise<ArchivedEnd | null> {
  const { rows } = await sql<ArchivedEnd>`
    select status, coalesce((content ->> 'attempt')::integer, 1) as attempt from archived_task where id = ${id}`.execute(
    db,
  );
  return rows[0] ?? null;
}
