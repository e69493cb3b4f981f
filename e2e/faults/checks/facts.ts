import type { TestDatabase } from '@arcrun/database/testing';
import type { History } from '../workload/history.ts';

/** What Postgres says of a task when all is over. */
export interface TaskRow {
  readonly id: string;
  readonly name: string;
  readonly batchId: string;
  readonly status: string;
  readonly success: number;
  readonly claim: number;
  readonly reason: string | null;
}

export interface Facts {
  readonly history: History;
  readonly rows: ReadonlyMap<string, TaskRow>;
  /** Ids of all batches, those that nobody knows of included. */
  readonly batchIds: ReadonlySet<string>;
}

/** Reads what is there. */
export async function readFacts({ db }: TestDatabase, history: History): Promise<Facts> {
  const rows = await db
    .selectFrom('task_state as s')
    .innerJoin('task as t', 't.id', 's.id')
    .select([
      's.id',
      't.name',
      's.batch_id as batchId',
      's.status',
      's.success',
      's.claim',
      's.failure_reason as reason',
    ])
    .execute();
  const batches = await db.selectFrom('batch').select('id').execute();
  return {
    history,
    rows: new Map(rows.map((row) => [row.id, row])),
    batchIds: new Set(batches.map(({ id }) => id)),
  };
}
