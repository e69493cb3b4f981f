import { type Expression, type Kysely, type SqlBool, sql } from 'kysely';
import { idempotencyKey, type Condition, type Trigger } from '@arcrun/domain';
import type { DeliveryStatus, Schema } from '../schema.ts';
import { allOf } from '../lists/conditions.ts';
import type { Page } from '../lists/page.ts';
import { withinTimeLimit } from '../lists/time-limit.ts';

export interface DeliveryKey {
  readonly updatedAt: string;
  readonly id: string;
}

/** One notification as the ledger shows it. */
export interface DeliveryRow {
  id: string;
  task_id: string | null;
  batch_id: string | null;
  trigger: Trigger;
  condition: Condition | null;
  idempotency_key: string;
  status: DeliveryStatus;
  attempts: number;
  last_error: string | null;
  next_attempt_at: string | null;
  created_at: string;
  updated_at: string;
}

/** Null: whatever it is. */
export interface DeliveryFilters {
  readonly status?: DeliveryStatus | null;
  readonly taskId?: string | null;
  /** The batch's own and those of its tasks. */
  readonly batchId?: string | null;
}

/**
 * The ledger of notifications, last updated first.
 *
 * @param limitMs how long the statement may take
 * @throws an error that `classifyFailure` calls 'too slow' after that
 */
export async function listDeliveries(
  db: Kysely<Schema>,
  filters: DeliveryFilters,
  page: Page<DeliveryKey>,
  limitMs: number,
): Promise<{ rows: DeliveryRow[]; next: DeliveryKey | null }> {
  const conditions: Expression<SqlBool>[] = [];
  if (filters.status != null) conditions.push(sql`d.status = ${filters.status}`);
  if (page.after !== null) {
    conditions.push(
      sql`(d.updated_at, d.id) < (${page.after.updatedAt}::timestamptz, ${page.after.id}::uuid)`,
    );
  }
  const pageOfRows = sql<Omit<DeliveryRow, 'idempotency_key'> & { position: number }>`
    select d.id, d.task_id, d.batch_id, d.trigger, d.condition, d.position, d.status, d.attempts, d.last_error,
           rfc3339(d.next_attempt_at) as next_attempt_at, rfc3339(d.created_at) as created_at,
           rfc3339(d.updated_at) as updated_at
    from (
      select * from ${source(filters)} d where ${allOf(conditions)}
      order by d.updated_at desc, d.id desc
      limit ${page.size} offset ${page.offset}) d
    order by d.updated_at desc, d.id desc`;
  const { rows } = await withinTimeLimit(db, limitMs, (bounded) => pageOfRows.execute(bounded));
  const last = rows.length === page.size ? rows.at(-1) : undefined;
  return {
    rows: rows.map(({ position, ...row }) => ({
      ...row,
      idempotency_key: idempotencyKey({
        trigger: row.trigger,
        condition: row.condition,
        subjectId: (row.task_id ?? row.batch_id)!,
        position,
      }),
    })),
    next: last ? { updatedAt: last.updated_at, id: last.id } : null,
  };
}

/** Those of one task or batch are found by it, whatever the order asks for. */
function source({ taskId = null, batchId = null }: DeliveryFilters): Expression<unknown> {
  if (taskId === null && batchId === null) return sql`delivery`;
  const subjects =
    batchId === null
      ? sql`array[${taskId}::uuid]`
      : taskId === null
        ? sql`${batchId}::uuid || array(select id from task_state where batch_id = ${batchId}::uuid)`
        : sql`array(select id from task_state where id = ${taskId}::uuid and batch_id = ${batchId}::uuid)`;
  return sql`(select * from delivery where coalesce(task_id, batch_id) = any(${subjects}) offset 0)`;
}
