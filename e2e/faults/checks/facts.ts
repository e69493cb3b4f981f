import type { TestDatabase } from '@arcrun/database/testing';
import type { History } from '../workload/history.ts';

/** What Postgres says of a task when all is over. */
export interface TaskRow {
  readonly id: string;
  readonly name: string;
  readonly batchId: string;
  readonly status: string;
  readonly success: number;
  readonly attempt: number;
  /** Null when it is archived. */
  readonly claim: number | null;
  readonly reason: string | null;
}

export interface Facts {
  readonly history: History;
  readonly rows: ReadonlyMap<string, TaskRow>;
  /** Ids of all batches, those that nobody knows of included. */
  readonly batchIds: ReadonlySet<string>;
}

/** Reads what is there, in the archive too. */
export async function readFacts({ db, pool }: TestDatabase, history: History): Promise<Facts> {
  const rows = await db
    .selectFrom('task_state as s')
    .innerJoin('task as t', 't.id', 's.id')
    .select([
      's.id',
      't.name',
      's.batch_id as batchId',
      's.status',
      's.success',
      's.attempt',
      's.claim',
      's.failure_reason as reason',
    ])
    .execute();
  const { rows: archived } = await pool.query<TaskRow>(`
    select id, content ->> 'name' as name, batch_id as "batchId", status, (content ->> 'success')::integer as success,
           (content ->> 'attempt')::integer as attempt,
           null as claim, content ->> 'failure_reason' as reason
    from archived_task`);
  const { rows: batches } = await pool.query<{ id: string }>(
    'select id from batch union all select id from archived_batch',
  );
  return {
    history,
    rows: new Map([...rows, ...archived].map((row) => [row.id, row])),
    batchIds: new Set(batches.map(({ id }) => id)),
  };
}
