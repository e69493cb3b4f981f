import { hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Rule, RuleMatcher } from '@arcrun/domain';
import { lookForDuplicates, registerDedupeShapes } from '../dedupe.ts';
import { retryConflicts } from '../failures.ts';
import { type IdempotentCall, type Once, once } from '../idempotency.ts';
import { commitKnown } from '../known-commit.ts';
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
  /** What must not be there already. */
  readonly dedupe: readonly RuleMatcher[];
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
  /** The tasks that were created: without the duplicates, and without links to them. */
  readonly tasks: readonly InsertedTask[];
}

/** Writes a batch without the tasks that are duplicates, or nothing of it. */
export async function createBatch(db: Kysely<Schema>, batch: InsertedBatch): Promise<CreatedBatch> {
  if (!hasStrategy(batch)) return retryConflicts(() => writeBatch(db, batch));
  await registerDedupeShapes(db, batch.tasks);
  return commitKnown(db, (trx) => writeUnique(trx, batch));
}

/**
 * The same, once for each key: the answer is kept in the same transaction, so that whoever asks again gets it.
 *
 * @param answerOf the body of the answer
 */
export async function createBatchOnce(
  db: Kysely<Schema>,
  call: IdempotentCall,
  batch: InsertedBatch,
  answerOf: (created: CreatedBatch) => string | null,
): Promise<Once<CreatedBatch>> {
  if (hasStrategy(batch)) await registerDedupeShapes(db, batch.tasks);
  return commitKnown(db, (trx) =>
    once(trx, call, batch.id, async () => {
      const value = await (hasStrategy(batch) ? writeUnique(trx, batch) : writeBatch(trx, batch));
      return { value, answer: answerOf(value) };
    }),
  );
}

const hasStrategy = (batch: InsertedBatch): boolean => batch.tasks.some((task) => task.dedupe.length > 0);

async function writeUnique(trx: Kysely<Schema>, batch: InsertedBatch): Promise<CreatedBatch> {
  const duplicates = await lookForDuplicates(trx, batch.tasks);
  // A dependency on a duplicate counts as met.
  const tasks = batch.tasks
    .filter((task) => !duplicates.has(task.id))
    .map((task) => ({ ...task, parents: task.parents.filter((parent) => !duplicates.has(parent.id)) }));
  return writeBatch(trx, { ...batch, tasks });
}

async function writeBatch(db: Kysely<Schema>, batch: InsertedBatch): Promise<CreatedBatch> {
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

  const { rows } = await sql<{ created_at: string; pending: number; notified: number }>`
    select rfc3339(created_at) as created_at, pending, notified from create_batch(
      ${row}::json, ${`[${[...actions.values()].join(',')}]`}::json, ${ruleSets.toJson()}::json,
      ${`[${tasks.join(',')}]`}::json, ${`[${links.join(',')}]`}::json)`.execute(db);
  const { created_at: createdAt, pending, notified } = rows[0]!;
  return { createdAt, pending, notified, tasks: batch.tasks };
}
