import { isTerminal, type TaskStatus } from '@arcrun/domain';
import { type RawBuilder, sql } from 'kysely';
import { allOf, type Condition, substringPattern } from './conditions.ts';
import { countInNames } from './name-words.ts';

// What a list of tasks goes by: statements that give keys, (created_at, batch_id, position), newest first. They
// read no more than what is asked of them, so a page is cut out of one, and only its rows are looked up.

/** Newest first; within a batch by position. The time is RFC 3339 with microseconds. */
export interface TaskKey {
  readonly createdAt: string;
  readonly batchId: string;
  readonly position: number;
}

/** What a task must have. */
export interface TaskConditions {
  /** A text that its name has in it. */
  readonly name?: string | null;
  /** Its kind is one of these. */
  readonly kinds?: readonly string[] | null;
  /** A text that its kind has in it, in place of `kinds` where they are too many. */
  readonly kindText?: string | null;
  readonly status?: TaskStatus | null;
  readonly timeoutSecs?: number | null;
  /** JSON text that its metadata contain. */
  readonly metadata?: string | null;
}

/** A statement that gives keys. */
export type Keys = RawBuilder<unknown>;

const NEWEST_FIRST = sql`created_at desc, batch_id desc, position`;

/**
 * The first of all tasks, or of those of some kinds, by the indexes that have them in this order; of them those in one
 * state.
 *
 * @param behind what a task `t` must meet beside, such as a range of times
 */
export function walk(
  { kinds = null, status = null }: Pick<TaskConditions, 'kinds' | 'status'>,
  behind: Condition,
  limit: number,
): Keys {
  const each = (condition: Condition): Keys => sql`
    (select t.* from task t where ${condition} and ${asCondition({ status })} and ${behind}
     order by ${NEWEST_FIRST} limit ${limit})`;
  if (kinds === null) return each(sql`true`);
  // Each kind has a branch of its own, and they are merged.
  const branches = kinds.map((kind) => each(sql`t.kind = ${kind}`));
  return sql`select * from (${sql.join(branches, sql` union all `)}) w order by ${NEWEST_FIRST} limit ${limit}`;
}

/** The tasks of one batch. */
export function inBatch(batchId: string, conditions: TaskConditions, after: TaskKey | null): Keys {
  return sql`
    select t.created_at, t.batch_id, t.position
    from (select * from task where batch_id = ${batchId} order by position) t
    where ${asCondition(conditions)} and ${isBehind(after)}
    order by t.position`;
}

/**
 * The tasks in one state, batch by batch: a finished batch has its counts in its row, and those of a live one are told
 * by an index.
 *
 * @param batchId only of this one
 */
export function inStatus(
  status: TaskStatus,
  { batchId = null, ...conditions }: Omit<TaskConditions, 'status'> & { readonly batchId?: string | null },
  after: TaskKey | null,
): Keys {
  const inBatches = batchId === null ? mayHave(status) : sql`b.id = ${batchId}`;
  const { kinds } = conditions;
  const haveKind = kinds == null ? sql`true` : sql`b.kinds && ${kinds}::text[]`;
  const hasMore = Object.values(conditions).some((value) => value != null);
  const isSuch = hasMore ? sql`(select ${asCondition(conditions)} from task t where t.id = s.id)` : sql`true`;
  return sql`
    select t.created_at, t.batch_id, t.position
    from (
      select b.id, b.created_at from batch b
      where ${inBatches} and ${haveKind} and ${isNotPast(after)}
      order by b.created_at desc, b.id desc) b
    cross join lateral (
      select b.created_at, s.batch_id, s.position from task_state s
      where s.batch_id = b.id and s.status = ${status} and ${isSuch}
      order by s.position) t
    where ${isBehind(after)}
    order by b.created_at desc, b.id desc, t.position`;
}

/**
 * The same for all tasks in one state, from a number on: batches that lie before are stepped over by their counts.
 *
 * @param skip how many tasks lie before
 */
export function inStatusFrom(status: TaskStatus, skip: number): Keys {
  const ofBatch = sql`task_state t where t.batch_id = b.id and t.status = ${status}`;
  const counted = sql`
    select b.id, b.created_at, coalesce(
      (b.status_counts ->> ${status})::integer, (select count(*) from ${ofBatch})) as n
    from batch b where ${mayHave(status)}
    order by b.created_at desc, b.id desc`;
  return stepOver(skip, counted, ofBatch);
}

/**
 * The same for all tasks that have a word in their name, of the newest batches: they know the words of their tasks.
 *
 * @param skip how many tasks lie before
 * @param batches how many are looked at
 */
export function namedFrom(word: string, skip: number, batches: number): Keys {
  const ofBatch = sql`task t where t.batch_id = b.id and ${asCondition({ name: word })}`;
  const counted = sql`
    select b.id, b.created_at, coalesce(${countInNames(word)}, (select count(*) from ${ofBatch})) as n
    from batch b
    order by b.created_at desc, b.id desc limit ${batches}`;
  return stepOver(skip, counted, ofBatch);
}

/**
 * @param counted batches `(id, created_at, n)`, newest first, with the number of their tasks
 * @param ofBatch these tasks `t` of a batch `b`
 */
function stepOver(skip: number, counted: Keys, ofBatch: Keys): Keys {
  return sql`
    select t.created_at, t.batch_id, t.position
    from (
      select b.id, b.created_at, b.upto - b.n as before
      from (
        select b.*, sum(b.n) over (order by b.created_at desc, b.id desc) as upto
        from (${counted}) b) b
      where b.n > 0 and b.upto > ${skip}
      order by b.created_at desc, b.id desc) b
    cross join lateral (
      select b.created_at, t.batch_id, t.position, row_number() over (order by t.position) as nth
      from ${ofBatch}) t
    where b.before + t.nth > ${skip}
    order by b.created_at desc, b.id desc, t.position`;
}

/** Whether a batch may have tasks in a state; a finished one has them when it says so. */
export function mayHave(status: TaskStatus): Condition {
  return isTerminal(status)
    ? sql`(b.status_counts is null or b.status_counts ? ${status})`
    : sql`b.completed_at is null`;
}

/**
 * The tasks that have what is searched for. First the newest are looked at, one after another: what many tasks have
 * is found there. Then an index is asked (migrations/0032): what few tasks have, and what only old ones have, is found
 * by that.
 *
 * @param looks how many are looked at first
 */
export function search(conditions: TaskConditions, after: TaskKey | null, looks: number): Keys {
  const { kinds = null, ...rest } = conditions;
  const newest = walk({ kinds }, isBehind(after), looks + 1);
  const isOlder = sql`(t.created_at, t.batch_id) <= (e.created_at, e.batch_id)
    and (t.batch_id <> e.batch_id or t.position >= e.position)`;
  return sql`
    with edge as materialized (
      select created_at, batch_id, position from (${newest}) w offset ${looks} limit 1
    ), ${sampled(conditions)}
    (select t.created_at, t.batch_id, t.position from (${walk({ kinds }, isBehind(after), looks)}) t
     where ${asCondition(rest)}
     order by ${NEWEST_FIRST})
    union all
    (select t.created_at, t.batch_id, t.position
     from edge e cross join (${indexed(conditions)}) t
     where (select hit from sampled) is null and ${isOlder}
     order by t.created_at desc, t.batch_id desc, t.position)
    union all
    (select older.created_at, older.batch_id, older.position
     from edge e
     cross join lateral ${cellsBehind(after?.createdAt ?? null, looks)}
     cross join lateral (
       select t.* from (${indexed(conditions, sql`c.cell`)}) t where ${isOlder} order by ${NEWEST_FIRST}) older)`;
}

/**
 * Many small samples: the tasks of a batch are alike, so one says little more than another. They are not at equal
 * distances: of what comes every night, those would meet the same hour each time.
 */
const SAMPLES = 512;
const TASKS_OF_SAMPLE = 5;
/** The fractions of its multiples are spread evenly. */
const GOLDEN_RATIO = 0.618033988749895;

/**
 * Whether what the index is asked for is rare, beyond an `edge`: `sampled.hit` is the time of the newest sample that has
 * it; null when none has.
 */
export function sampled({
  name = null,
  timeoutSecs = null,
  metadata = null,
}: TaskConditions): RawBuilder<unknown> {
  return sql`sampled as materialized (
    select (
      select s.until
      from (
        select o.oldest + (e.created_at - o.oldest) *
          ((n - (n * g - floor(n * g))) / ${SAMPLES}) as until
        from edge e cross join (select min(created_at) as oldest from task) o cross join (select ${GOLDEN_RATIO}::float8 as g) r
        cross join generate_series(${SAMPLES}::integer, 1, -1) n
        offset 0) s
      where (
        select true from (${walk({}, sql`t.created_at <= s.until`, TASKS_OF_SAMPLE)}) t
        where ${asCondition({ name, timeoutSecs, metadata })} limit 1)
      limit 1) as hit)`;
}

/**
 * The cells `c` of the index to be asked one after another behind an edge `e`, when samples have found something.
 *
 * @param newest where the looks have begun; null for the newest task of all
 */
export function cellsBehind(newest: string | null, looks: number): RawBuilder<unknown> {
  return sql`unnest(search_cells(
    coalesce(${newest}::timestamptz, (select max(created_at) from task)), e.created_at,
    (select min(created_at) from task), ${looks}::integer, (select hit from sampled),
    ${SAMPLES}::integer)) with ordinality as c (cell, n)`;
}

/** The tasks that meet conditions by the index, in no order; of all ages, or of one cell. */
export function indexed(conditions: TaskConditions, cell?: RawBuilder<unknown>): Keys {
  const { timeoutSecs } = conditions;
  const keys = [...(cell ? [cell] : []), ...(timeoutSecs == null ? [] : [sql`timeout_key(${timeoutSecs})`])];
  const ofKeys =
    keys.length === 0 ? sql`true` : sql`list_keys(t.created_at, t.timeout_secs) @> array[${sql.join(keys)}]`;
  return sql`
    select t.created_at, t.batch_id, t.position from task t
    where ${ofKeys} and ${asCondition(conditions)}
    offset 0`;
}

/** What a task `t` must have. */
export function asCondition(conditions: TaskConditions): Condition {
  const { name, kinds, kindText, status, timeoutSecs, metadata } = conditions;
  const list: Condition[] = [];
  if (name != null) list.push(sql`t.name like ${substringPattern(name)}`);
  if (kinds != null) list.push(sql`t.kind = any(${kinds})`);
  if (kindText != null) list.push(sql`t.kind like ${substringPattern(kindText)}`);
  if (timeoutSecs != null) list.push(sql`t.timeout_secs = ${timeoutSecs}`);
  if (metadata != null) list.push(sql`t.metadata @> ${metadata}::jsonb`);
  // Looked up for each that meets the rest, never the other way round.
  if (status != null) list.push(sql`(select s.status from task_state s where s.id = t.id) = ${status}`);
  return allOf(list);
}

/** In the batch of that row, or behind. */
function isNotPast(after: TaskKey | null): Condition {
  if (after === null) return sql`true`;
  return sql`(b.created_at, b.id) <= (${after.createdAt}::timestamptz, ${after.batchId}::uuid)`;
}

/** Behind the row that the page before has ended with. */
export function isBehind(after: TaskKey | null): Condition {
  if (after === null) return sql`true`;
  const { createdAt, batchId, position } = after;
  return sql`(t.created_at, t.batch_id) <= (${createdAt}::timestamptz, ${batchId}::uuid)
    and (t.batch_id <> ${batchId}::uuid or t.position > ${position})`;
}
