import { isTerminal, type TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { findKinds } from '../lists/find-kinds.ts';
import { isWord } from '../lists/name-words.ts';
import { type Page, type PageOfRows, reachOf } from '../lists/page.ts';
import {
  inBatch,
  inStatus,
  inStatusFrom,
  isBehind,
  namedFrom,
  type Keys,
  search,
  type TaskKey,
  walk,
} from '../lists/task-keys.ts';
import { withinTimeLimit } from '../lists/time-limit.ts';
import type { Schema } from '../schema.ts';

export type { TaskKey };

/** Null: whatever it is. */
export interface TaskFilters {
  /** A text that the name has in it. */
  readonly name?: string | null;
  /** A text that the kind has in it. */
  readonly kind?: string | null;
  readonly status?: TaskStatus | null;
  readonly batchId?: string | null;
  readonly timeoutSecs?: number | null;
  /** JSON text that the task's metadata must contain. */
  readonly metadata?: string | null;
}

/** How many of the newest tasks are looked at before an index is asked. */
const LOOKS = 2000;
/** A page from this row on is far from the first. */
const FAR = 1000;
/** A page of tasks with a word in their name is as fast by an index where batches have fewer of them, on average. */
const NAMED_EACH = 4;

/**
 * Tasks, newest first; within a batch by position.
 *
 * @param limitMs how long a statement may take
 * @throws an error that `classifyFailure` calls 'too slow' after that
 */
export function listTasks(
  db: Kysely<Schema>,
  filters: TaskFilters,
  page: Page<TaskKey>,
  limitMs: number,
): Promise<PageOfRows<TaskKey>> {
  return withinTimeLimit(db, limitMs, async (bounded) => {
    const named = stepToNamed(filters, page);
    if (named !== null) {
      const found = await readPage(bounded, { keys: named, offset: 0 }, page.size);
      // A page that is not full may lack what older batches have.
      if (found.next !== null) return found;
    }
    const found = await findKeys(bounded, filters, page);
    return found === null ? { json: '[]', next: null } : readPage(bounded, found, page.size);
  });
}

/**
 * Where a page far from the first is, of tasks with a word in their name, if many have it: the batches before it are
 * stepped over. Null when something else is asked for.
 */
function stepToNamed({ name = null, ...others }: TaskFilters, { offset }: Page<TaskKey>): Keys | null {
  const isAlone = Object.values(others).every((other) => other == null);
  if (name === null || !isWord(name) || !isAlone || offset < FAR) return null;
  return namedFrom(name, offset, Math.ceil(offset / NAMED_EACH));
}

interface FoundKeys {
  readonly keys: Keys;
  /** How many of them lie before the page. */
  readonly offset: number;
}

/** Chooses what to go by; null when there is no such task. */
async function findKeys(
  db: Kysely<Schema>,
  { kind = null, status = null, batchId = null, ...others }: TaskFilters,
  page: Page<TaskKey>,
): Promise<FoundKeys | null> {
  const kinds = kind === null ? null : await findKinds(db, kind);
  if (kinds?.length === 0) return null;
  const conditions = { ...others, kinds, kindText: kinds === null ? kind : null };
  const { name, timeoutSecs, metadata, kindText } = conditions;
  const isSearch = [name, timeoutSecs, metadata, kindText].some((condition) => condition != null);
  const { after, offset } = page;

  if (status !== null) {
    const isAlone = kinds === null && !isSearch;
    if (isAlone && batchId === null && offset > 0) return { keys: inStatusFrom(status, offset), offset: 0 };
    // Tasks that have not ended are in few batches; of those that have, most succeed.
    const isRare = !isTerminal(status) || (status !== 'Success' && !isSearch);
    if (batchId !== null || isRare || isAlone)
      return { keys: inStatus(status, { ...conditions, batchId }, after), offset };
  }
  if (batchId !== null) return { keys: inBatch(batchId, conditions, after), offset };
  if (isSearch) return { keys: search({ ...conditions, status }, after, LOOKS + reachOf(page)), offset };
  return { keys: walk({ kinds, status }, isBehind(after), reachOf(page)), offset };
}

async function readPage(
  db: Kysely<Schema>,
  { keys, offset }: FoundKeys,
  size: number,
): Promise<PageOfRows<TaskKey>> {
  const { rows } = await sql<{ json: string; created_at: string; batch_id: string; position: number }>`
    with page as materialized (
      select created_at, batch_id, position from (${keys}) p limit ${size} offset ${offset}
    )
    select basic_task_json(t, s)::text as json, rfc3339(t.created_at) as created_at, t.batch_id, t.position
    from page p
    join task t on t.batch_id = p.batch_id and t.position = p.position
    join task_state s on s.id = t.id
    order by p.created_at desc, p.batch_id desc, p.position`.execute(db);
  const last = rows.length === size ? rows.at(-1) : undefined;
  return {
    json: `[${rows.map((row) => row.json).join(',')}]`,
    next: last ? { createdAt: last.created_at, batchId: last.batch_id, position: last.position } : null,
  };
}
