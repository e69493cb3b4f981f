import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Which queues have something to do, by the rows: what the sweep rings for. */
export interface DueWork {
  readonly start: boolean;
  readonly propagation: boolean;
  readonly webhook: boolean;
}

/**
 * @param graceMs work that became due within this time has its bell under way, so it is not counted as missed
 */
export async function findDueWork(db: Kysely<Schema>, graceMs: number): Promise<DueWork> {
  const { rows } = await sql<DueWork>`
    select
      exists (select from task_state where status = 'Pending') as start,
      exists (select from propagation where created_at < now() - make_interval(secs => ${graceMs / 1000})) as propagation,
      exists (select from delivery where status = 'Pending'
              and next_attempt_at < now() - make_interval(secs => ${graceMs / 1000})) as webhook`.execute(db);
  return rows[0]!;
}
