import type { TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../src/schema.ts';

/** The status of each task of a batch, by its local name. */
export async function statusesOf(db: Kysely<Schema>, batchId: string): Promise<Record<string, TaskStatus>> {
  const rows = await db
    .selectFrom('task')
    .innerJoin('task_state', 'task_state.id', 'task.id')
    .select(['task.name', 'task_state.status'])
    .where('task.batch_id', '=', batchId)
    .orderBy('task.position')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.name, row.status]));
}

/** The moving row of a task. */
export async function stateOf(db: Kysely<Schema>, id: string) {
  return db.selectFrom('task_state').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

export async function batchRow(db: Kysely<Schema>, id: string) {
  return db.selectFrom('batch').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

/** The notifications of a task or batch, in the order of trigger and position. */
export async function deliveriesOf(db: Kysely<Schema>, subjectId: string) {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where((where) => where.or([where('task_id', '=', subjectId), where('batch_id', '=', subjectId)]))
    .orderBy('trigger')
    .orderBy('position')
    .execute();
}

/**
 * What must hold of the whole database between any two transactions.
 *
 * @returns a sentence for each row that breaks it
 */
export async function findViolations(db: Kysely<Schema>, { deadEnds = true } = {}): Promise<string[]> {
  const { rows } = await sql<{ violation: string }>`
    select format('batch %s says %s open tasks, but has %s', b.id, b.open_tasks, n.open) as violation
    from batch b cross join lateral (
      select count(*) filter (where not is_terminal(status)) as open from task_state s where s.batch_id = b.id) n
    where b.open_tasks <> n.open
    union all
    select format('batch %s is %s and has %s batch-complete deliveries of %s', b.id,
      case when b.completed_at is null then 'open' else 'complete' end, n.recorded, cardinality(b.on_complete))
    from batch b cross join lateral (
      select count(*) as recorded from delivery d where d.batch_id = b.id and d.trigger = 'BatchComplete') n
    where n.recorded <> case when b.completed_at is null then 0 else cardinality(b.on_complete) end
    union all
    select format('task %s (%s) says %s open parents, but has %s', s.id, s.status, s.open_parents, n.open)
    from task_state s cross join lateral (
      select count(*) as open from link l join task_state p on p.id = l.parent_id
      where l.child_id = s.id
        and (not is_terminal(p.status) or exists (select from propagation r where r.task_id = p.id and not r.upward))) n
    where s.status in ('Waiting', 'Pending', 'Claimed', 'Running', 'Paused', 'Success') and s.open_parents <> n.open
    union all
    select format('task %s is %s although its required parent %s is %s', s.id, s.status, p.id, p.status)
    from task_state s join link l on l.child_id = s.id and l.requires_success join task_state p on p.id = l.parent_id
    where p.status in ('Failure', 'Canceled') and s.status not in ('Failure', 'Canceled')
      and not exists (select from propagation r where r.task_id = p.id and not r.upward)
    union all
    select format('task %s ended as %s and has %s end deliveries of %s', s.id, s.status, n.recorded, n.expected)
    from task_state s join task t on t.id = s.id cross join lateral (
      select count(*) as recorded,
             case s.status when 'Success' then cardinality(t.on_success)
                           when 'Failure' then cardinality(t.on_failure)
                           when 'Canceled' then case s.failure_reason when 'All child tasks already terminated'
                             then cardinality(t.on_failure) else 0 end
                           else 0 end as expected
      from delivery d where d.task_id = s.id and d.trigger = 'End') n
    where n.recorded <> n.expected
    union all
    select format('key %s holds %s more than the tasks that count in it', key, -sum(amount)) from (
      select u.key, amount_in(u.key, s.status, remaining_work(s.expected_count, s.success, s.failures)) as amount
      from task_state s cross join lateral unnest(s.keys) as u (key)
      union all
      select key, -amount from occupancy where measure_of(key) not in (253, 255)
      union all
      select key, -amount from place_change where measure_of(key) not in (253, 255)) a
    group by key having sum(amount) <> 0
    union all
    select format('task %s is Pending, but its lane %s does not know of it', s.id, s.lane)
    from task_state s join lane l on l.id = s.lane
    where s.status = 'Pending'
      and (l.head is null or (-s.priority, s.created_at, s.position, s.id) < (l.rank, l.created_at, l.position, l.head))
      and not exists (select from arrived a where a.lane = s.lane
        and (a.rank, a.created_at, a.position, a.id) <= (-s.priority, s.created_at, s.position, s.id))
    union all
    select format('lane %s is parked under %s, which has room', l.id, l.parked_key)
    from lane l left join occupancy o on o.key = l.parked_key
    where l.parked_ceiling > coalesce(o.amount, 0) and o.is_reopened is not true
    union all
    select format('task %s is %s although its child %s and all others have ended', s.id, s.status, c.id)
    from task_state s join link l on l.parent_id = s.id join task_state c on c.id = l.child_id
      join task t on t.id = c.id
    where ${deadEnds} and not is_terminal(s.status) and is_terminal(c.status)
      and not (t.dead_end_barrier and c.failure_reason is not distinct from 'All child tasks already terminated')
      and not exists (select from link l join task_state o on o.id = l.child_id
                      where l.parent_id = s.id and not is_terminal(o.status))
      and not exists (select from propagation r where r.batch_id = s.batch_id)
      -- Of several children, the last one to end decides, and it may have been a barrier.
      and not exists (select from link l join task_state o on o.id = l.child_id join task b on b.id = o.id
                      where l.parent_id = s.id and b.dead_end_barrier and o.ended_at >= c.ended_at
                        and o.failure_reason is not distinct from 'All child tasks already terminated')`.execute(
    db,
  );
  return rows.map((row) => row.violation);
}

/** How often Postgres had to break a deadlock in this database so far. */
export async function countDeadlocks(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<{ deadlocks: number }>`
    select deadlocks::integer as deadlocks from pg_stat_database where datname = current_database()`.execute(
    db,
  );
  return rows[0]!.deadlocks;
}
