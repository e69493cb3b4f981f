import { isTerminal } from '@arcrun/domain';
import { type RawBuilder, sql } from 'kysely';
import { allOf, type Condition, substringPattern } from './conditions.ts';
import { isWord, mayHaveInName } from './name-words.ts';
import { asCondition, cellsBehind, indexed, mayHave, sampled, type TaskConditions } from './task-keys.ts';

// What a list of batches goes by: statements that give keys, (created_at, id), newest first, as task-keys.ts
// does for tasks.

/** Newest first. The time is RFC 3339 with microseconds. */
export interface BatchKey {
  readonly createdAt: string;
  readonly batchId: string;
}

export interface BatchConditions {
  /** RFC 3339; inclusive. */
  readonly createdAfter?: string | null;
  readonly createdBefore?: string | null;
  readonly scope?: string | null;
  /** JSON text that the batch's metadata must contain. */
  readonly metadata?: string | null;
  /** Substring of scope or metadata. */
  readonly search?: string | null;
  /** What one of its tasks must have. */
  readonly task: TaskConditions;
}

/** A statement that gives keys. */
type Keys = RawBuilder<unknown>;

const NEWEST_FIRST = sql`created_at desc, id desc`;

/**
 * The batches that meet conditions on themselves. First the newest are looked at, one after another; what few batches
 * have, and what only old ones have, is found by an index after that.
 *
 * @param looks how many are looked at first
 */
export function byBatch(conditions: BatchConditions, after: BatchKey | null, looks: number): Keys {
  const { scope, metadata, search, task } = conditions;
  const all = [...inRange(conditions), ...ofBatch(conditions), ...ofTasks(task)];
  const newest = sql`select b.* from batch b where ${allOf(inRange(conditions))} and ${isBehind(after)} order by ${NEWEST_FIRST}`;
  const hasIndex = metadata != null || search != null || task.kinds != null;
  // Those of a scope have an index in this order.
  if (scope != null || !hasIndex)
    return sql`select created_at, id from batch b where ${allOf(all)} and ${isBehind(after)} order by ${NEWEST_FIRST}`;
  return sql`
    with edge as materialized (select created_at, id from (${newest}) b offset ${looks} limit 1)
    (select created_at, id from (${newest} limit ${looks}) b where ${allOf(all)} order by ${NEWEST_FIRST})
    union all
    (select b.created_at, b.id
     from (
       select b.* from edge e cross join (select b.* from batch b where ${allOf(ofBatch(conditions))} offset 0) b
       where (b.created_at, b.id) <= (e.created_at, e.id) and ${allOf(inRange(conditions))}
       order by b.created_at desc, b.id desc
       offset 0) b
     where ${allOf(ofTasks(task))})`;
}

/**
 * The batches one of whose tasks has what is searched for. First those of the newest are looked at; what few have, and
 * what only old ones have, is found by an index after that, cell by cell of time (migrations/0032).
 *
 * @param looks how many batches and tasks are looked at first, at most; tasks where the row of their batch does not tell
 *   that there is no such one
 */
export function byTasks(
  conditions: BatchConditions,
  after: BatchKey | null,
  looks: { readonly batches: number; readonly tasks: number },
): Keys {
  const { task, createdAfter = null } = conditions;
  const range = sql`${allOf(inRange(conditions))} and ${isBehind(after)}`;
  const isOlder = sql`(t.created_at, t.batch_id) <= (e.created_at, e.id)
    and (${createdAfter}::timestamptz is null or t.created_at >= ${createdAfter}::timestamptz)`;
  return sql`
    with newest as materialized (
      select b.id, b.created_at, b.found,
             sum(b.looks) over w > ${looks.tasks} or row_number() over w > ${looks.batches} as is_beyond
      from (
        select b.id, b.created_at, f.found, case when f.found is null then ${tasksToLookAt(task)} else 0 end as looks
        from batch b cross join lateral (select ${toldByRow(task)} as found offset 0) f
        where ${range} order by ${NEWEST_FIRST} limit ${looks.batches + 1}) b
      window w as (order by ${NEWEST_FIRST})
    ), edge as materialized (
      select created_at, id from newest where is_beyond order by ${NEWEST_FIRST} limit 1
    ), ${sampled(task)}
    -- In the order in which they were written down: sorting them would look at the tasks of all.
    (select b.created_at, b.id from newest b
     where not b.is_beyond and coalesce(b.found, ${hasTask(task)}))
    union all
    (select distinct t.created_at, t.batch_id as id
     from edge e cross join (${indexed(task)}) t
     where (select hit from sampled) is null and ${isOlder}
     order by ${NEWEST_FIRST})
    union all
    (select older.created_at, older.id
     from edge e
     cross join lateral ${cellsBehind(after?.createdAt ?? null, looks.tasks)}
     cross join lateral (
       select distinct t.created_at, t.batch_id as id from (${indexed(task, sql`c.cell`)}) t
       where ${isOlder}
       order by ${NEWEST_FIRST}) older)`;
}

/** What a batch `b` must have beside what its tasks must have, and its time. */
function ofBatch({ scope, metadata, search, task: { kinds } }: BatchConditions): Condition[] {
  const list: Condition[] = [sql`(b.total_tasks > 0 or b.posted_as_object)`];
  if (kinds != null) list.push(sql`b.kinds && ${kinds}::text[]`);
  if (scope != null) list.push(sql`b.scope = ${scope}`);
  if (metadata != null) list.push(sql`b.metadata @> ${metadata}::jsonb`);
  if (search != null) {
    const pattern = substringPattern(search);
    list.push(sql`(b.scope like ${pattern} or b.metadata::text like ${pattern})`);
  }
  return list;
}

/** What a batch `b` must have for the sake of its tasks; the least costly first. */
function ofTasks(task: TaskConditions): Condition[] {
  const { status, kinds, ...rest } = task;
  const hasRest = Object.values(rest).some((value) => value != null);
  if (status == null) return hasRest ? [sql`coalesce(${toldByRow(task)}, ${hasTask(task)})`] : [];
  if (hasRest || kinds != null || !isTerminal(status)) return [mayHaveTask(task), hasTask(task)];
  return [sql`case when b.status_counts is null then ${hasTask(task)} else b.status_counts ? ${status} end`];
}

/** Whether a batch `b` has such a task, when its row tells; else null. */
function toldByRow(task: TaskConditions): Condition {
  const { name, ...rest } = task;
  const isNameAll = name != null && isWord(name) && Object.values(rest).every((value) => value == null);
  const ifMay = isNameAll ? sql`case when b.name_words is not null then true end` : sql`null::boolean`;
  return sql`case when ${mayHaveTask(task)} then ${ifMay} else false end`;
}

/** Whether a batch `b` may have such a task, as far as its row tells. */
function mayHaveTask({ status, kinds, name }: TaskConditions): Condition {
  const list: Condition[] = [];
  if (status != null) list.push(mayHave(status));
  if (kinds != null) list.push(sql`b.kinds && ${kinds}::text[]`);
  if (name != null) list.push(mayHaveInName(name));
  return allOf(list);
}

/** How many tasks of a batch `b` have to be looked at, at most, to find such a one. */
function tasksToLookAt({ status }: TaskConditions): RawBuilder<number> {
  if (status == null) return sql`b.total_tasks`;
  return sql`coalesce((b.status_counts ->> ${status})::integer, b.total_tasks)`;
}

/** Whether one of the tasks of a batch `b` is such a one. Never turned round: batches are looked at in their order. */
function hasTask({ status, ...rest }: TaskConditions): Condition {
  if (status == null)
    return sql`(select true from (select * from task where batch_id = b.id offset 0) t where ${asCondition(rest)} limit 1)`;
  return sql`(
    select true from task_state s
    where s.batch_id = b.id and s.status = ${status} and (select ${asCondition(rest)} from task t where t.id = s.id)
    limit 1)`;
}

function inRange({ createdAfter, createdBefore }: BatchConditions): Condition[] {
  const list: Condition[] = [];
  if (createdAfter != null) list.push(sql`b.created_at >= ${createdAfter}::timestamptz`);
  if (createdBefore != null) list.push(sql`b.created_at < ${createdBefore}::timestamptz`);
  return list;
}

/** Behind the row that the page before has ended with. */
function isBehind(after: BatchKey | null): Condition {
  if (after === null) return sql`true`;
  return sql`(b.created_at, b.id) < (${after.createdAt}::timestamptz, ${after.batchId}::uuid)`;
}
