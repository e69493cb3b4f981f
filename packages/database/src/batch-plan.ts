import type { Rule, RuleMatcher } from '@arcrun/domain';
import { type DuplicateSearch, findDuplicateIds, type FoundDuplicates, searchFor } from './dedupe.ts';
import { toJsonList } from './json-list.ts';
import { toNameWords } from './lists/name-words.ts';
import { RuleSets } from './rule-sets.ts';
import type { SqlJson } from './sql-json.ts';
import { hashOfAction, type StoredAction, toActionJson } from './stored-actions.ts';

export interface InsertedTask {
  readonly id: string;
  readonly position: number;
  readonly name: string;
  readonly kind: string;
  readonly timeoutSecs: number;
  readonly priority: number;
  readonly expectedCount: number | null;
  readonly deadEndBarrier: boolean;
  /** JSON text. */
  readonly metadata: string | null;
  readonly parents: readonly { readonly id: string; readonly requiresSuccess: boolean }[];
  readonly onStart: StoredAction;
  readonly onSuccess: readonly StoredAction[];
  readonly onFailure: readonly StoredAction[];
  readonly rules: readonly Rule[];
  /** What must not be there already. */
  readonly dedupe: readonly RuleMatcher[];
  readonly maxAttempts: number;
  /** Its retry policy, JSON text; null without one. */
  readonly retry: string | null;
}

export interface InsertedBatch {
  readonly id: string;
  readonly postedAsObject: boolean;
  readonly scope: string | null;
  /** JSON text. */
  readonly metadata: string | null;
  readonly onComplete: readonly StoredAction[];
  readonly tasks: readonly InsertedTask[];
}

/** What `create_batch` takes. */
interface BatchTexts {
  readonly row: SqlJson;
  readonly actions: SqlJson;
  readonly ruleSets: SqlJson;
  readonly tasks: SqlJson;
  readonly links: SqlJson;
}

/** What is to be written. */
export interface BatchWrite<T> {
  readonly texts: BatchTexts;
  /** What the caller wanted to know of the tasks that are written: those without the duplicates. */
  readonly described: T;
}

/** How a batch is written. All that takes long for a large one is done when there is a plan. */
export type BatchPlan<T> = { readonly id: string } & (
  | { readonly search: null; readonly write: BatchWrite<T> }
  | {
      readonly search: DuplicateSearch;
      readonly writeWithout: (found: FoundDuplicates) => BatchWrite<T> | Promise<BatchWrite<T>>;
    }
);

/** @param describe what is to be known of the tasks that are written, without links to duplicates */
export function planBatch<T>(
  batch: InsertedBatch,
  describe: (tasks: readonly InsertedTask[]) => T,
): BatchPlan<T> {
  const { id, tasks } = batch;
  const writeOf = (left: readonly InsertedTask[]): BatchWrite<T> => ({
    texts: toTexts({ ...batch, tasks: left }),
    described: describe(left),
  });
  const search = searchFor(tasks);
  if (search === null) return { id, search, write: writeOf(tasks) };
  const writeWithout = (found: FoundDuplicates): BatchWrite<T> => {
    const duplicates = findDuplicateIds(tasks, found);
    // A dependency on a duplicate counts as met.
    const left = tasks
      .filter((task) => !duplicates.has(task.id))
      .map((task) => ({ ...task, parents: task.parents.filter((parent) => !duplicates.has(parent.id)) }));
    return writeOf(left);
  };
  return { id, search, writeWithout };
}

function toTexts(batch: InsertedBatch): BatchTexts {
  const actions = new Map<string, string>();
  const hashes = new Map<string, string>();
  /** Gives the action's hash, as JSON. */
  const refer = (action: StoredAction): string => {
    let hashed = hashes.get(action.key);
    if (hashed === undefined) {
      const ofAction = hashOfAction(action);
      hashed = JSON.stringify(ofAction);
      hashes.set(action.key, hashed);
      actions.set(hashed, toActionJson(ofAction, action));
    }
    return hashed;
  };
  const referAll = (list: readonly StoredAction[]) => `[${list.map(refer).join(',')}]`;
  const ruleSets = new RuleSets();

  // JSON text is put together by hand, since metadata is JSON text already and must keep its digits.
  const tasks = toJsonList(
    batch.tasks,
    (task) =>
      `{"id":"${task.id}","position":${task.position},"name":${JSON.stringify(task.name)},"kind":${JSON.stringify(task.kind)},` +
      `"timeout_secs":${task.timeoutSecs},"priority":${task.priority},"expected_count":${task.expectedCount},` +
      `"dead_end_barrier":${task.deadEndBarrier},"metadata":${task.metadata},"open_parents":${task.parents.length},` +
      `"on_start":${refer(task.onStart)},"on_success":${referAll(task.onSuccess)},"on_failure":${referAll(task.onFailure)},` +
      `"rules":${JSON.stringify(ruleSets.refer(task.rules))},"retry":${task.retry}}`,
  );
  const children = batch.tasks.filter(({ parents }) => parents.length > 0);
  const links = toJsonList(children, ({ id, parents }) =>
    parents.map((parent) => `{"p":"${parent.id}","c":"${id}","r":${parent.requiresSuccess}}`).join(','),
  );
  const row =
    `{"id":"${batch.id}","posted_as_object":${batch.postedAsObject},"scope":${JSON.stringify(batch.scope)},` +
    `"metadata":${batch.metadata},"on_complete":${referAll(batch.onComplete)},` +
    `"name_words":${JSON.stringify(toNameWords(batch.tasks.map(({ name }) => name)))}}`;
  return {
    row,
    actions: `[${[...actions.values()].join(',')}]`,
    ruleSets: ruleSets.toJson(),
    tasks,
    links,
  };
}
