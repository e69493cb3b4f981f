import { type DedupeCandidate, findDuplicates, type RuleMatcher, type TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { retryConflicts } from './failures.ts';
import type { Schema } from './schema.ts';

/** A task of a request, as far as dedupe is concerned. */
interface DedupeTask {
  readonly id: string;
  readonly kind: string;
  /** JSON text. */
  readonly metadata: string | null;
  readonly parents: readonly { readonly id: string }[];
  readonly dedupe: readonly RuleMatcher[];
}

interface Look {
  n: number;
  key: string;
  status: TaskStatus;
  taken: boolean;
}

/** Makes known how tasks are looked for; committed before the transaction that looks (migrations/0022-dedupe.sql). */
export async function registerDedupeShapes(
  db: Kysely<Schema>,
  tasks: readonly Pick<DedupeTask, 'dedupe'>[],
): Promise<void> {
  const shapes = new Map<string, { kind: string; fields: readonly string[] }>();
  for (const { dedupe } of tasks) {
    for (const { kind, fields } of dedupe) {
      const shape = { kind, fields: sorted(fields) };
      shapes.set(JSON.stringify(shape), shape);
    }
  }
  const json = JSON.stringify([...shapes.values()]);
  await retryConflicts(() => sql`select register_dedupe_shapes(${json}::json)`.execute(db));
}

/** The ids of the tasks that are not to be created. Others that look for the same wait until `trx` ends. */
export async function lookForDuplicates(
  trx: Kysely<Schema>,
  tasks: readonly DedupeTask[],
): Promise<Set<string>> {
  const strategies = new Map<string, number>();
  const rows = tasks.map((task, n) => {
    const strategy = JSON.stringify(
      task.dedupe.map(({ status, kind, fields }) => ({ status, kind, fields: sorted(fields) })),
    );
    if (!strategies.has(strategy)) strategies.set(strategy, strategies.size);
    return `{"n":${n},"kind":${JSON.stringify(task.kind)},"metadata":${task.metadata},"strategy":${strategies.get(strategy)}}`;
  });
  const sets = Array.from(strategies, ([matchers, id]) => `{"id":${id},"matchers":${matchers}}`);
  const found = await sql<{ looks: Look[]; own: { n: number; key: string }[] }>`
    select looks, own from look_for_duplicates(
      ${`[${rows.join(',')}]`}::json, ${`[${sets.join(',')}]`}::json)`.execute(trx);
  const { looks, own } = found.rows[0]!;

  const indexOf = new Map(tasks.map((task, index) => [task.id, index]));
  const candidates = tasks.map((task) => ({
    looks: [] as DedupeCandidate['looks'][number][],
    own: [] as string[],
    parents: task.parents.map((parent) => indexOf.get(parent.id)!),
  }));
  for (const { n, key, status, taken } of looks) candidates[n]!.looks.push({ key, status, isTaken: taken });
  for (const { n, key } of own) candidates[n]!.own.push(key);
  return new Set(Array.from(findDuplicates(candidates), (index) => tasks[index]!.id));
}

const sorted = (fields: readonly string[]): string[] => [...new Set(fields)].toSorted();
