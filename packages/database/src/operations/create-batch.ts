import { hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Rule } from '@arcrun/domain';
import { retryConflicts } from '../failures.ts';
import { RuleSets } from '../rule-sets.ts';
import type { Schema } from '../schema.ts';

/** An action as it is stored. Texts are JSON. */
export interface StoredAction {
  readonly url: string;
  readonly verb: string;
  readonly headers: string | null;
  readonly body: string | null;
  /** Its content in canonical form; equal keys are one row. */
  readonly key: string;
}

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

export interface CreatedBatch {
  /** RFC 3339. */
  readonly createdAt: string;
  /** How many of its tasks may start at once. */
  readonly pending: number;
  readonly notified: number;
}

/** Writes a whole batch, or nothing of it. */
export async function createBatch(db: Kysely<Schema>, batch: InsertedBatch): Promise<CreatedBatch> {
  const actions = new Map<string, string>();
  const hashes = new Map<string, string>();
  const refer = (action: StoredAction): string => {
    let hashed = hashes.get(action.key);
    if (hashed === undefined) {
      hashed = hash('sha256', action.key, 'hex').slice(0, 32);
      hashes.set(action.key, hashed);
      actions.set(
        hashed,
        `{"hash":"${hashed}","url":${JSON.stringify(action.url)},"verb":"${action.verb}","headers":${action.headers},"body":${action.body},"origin":${JSON.stringify(new URL(action.url).origin)}}`,
      );
    }
    return hashed;
  };
  const referAll = (list: readonly StoredAction[]) => JSON.stringify(list.map(refer));
  const ruleSets = new RuleSets();

  // JSON text is put together by hand, since metadata is JSON text already and must keep its digits.
  const tasks = batch.tasks.map(
    (task) =>
      `{"id":"${task.id}","position":${task.position},"name":${JSON.stringify(task.name)},"kind":${JSON.stringify(task.kind)},` +
      `"timeout_secs":${task.timeoutSecs},"priority":${task.priority},"expected_count":${task.expectedCount},` +
      `"dead_end_barrier":${task.deadEndBarrier},"metadata":${task.metadata},"open_parents":${task.parents.length},` +
      `"on_start":"${refer(task.onStart)}","on_success":${referAll(task.onSuccess)},"on_failure":${referAll(task.onFailure)},` +
      `"rules":${JSON.stringify(ruleSets.refer(task.rules))}}`,
  );
  const links = batch.tasks.flatMap((task) =>
    task.parents.map((parent) => `{"p":"${parent.id}","c":"${task.id}","r":${parent.requiresSuccess}}`),
  );
  const row =
    `{"id":"${batch.id}","posted_as_object":${batch.postedAsObject},"scope":${JSON.stringify(batch.scope)},` +
    `"metadata":${batch.metadata},"on_complete":${referAll(batch.onComplete)}}`;

  const { rows } = await retryConflicts(() =>
    sql<{ created_at: string; pending: number; notified: number }>`
      select rfc3339(created_at) as created_at, pending, notified from create_batch(
        ${row}::json, ${`[${[...actions.values()].join(',')}]`}::json, ${ruleSets.toJson()}::json,
        ${`[${tasks.join(',')}]`}::json, ${`[${links.join(',')}]`}::json)`.execute(db),
  );
  const { created_at: createdAt, pending, notified } = rows[0]!;
  return { createdAt, pending, notified };
}
