import { type DedupeCandidate, findDuplicates, type RuleMatcher, type TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { retryConflicts } from './failures.ts';
import type { Schema } from './schema.ts';
import type { SqlJson } from './sql-json.ts';

/** A task of a request, as far as dedupe is concerned. */
interface DedupeTask {
  readonly id: string;
  readonly kind: string;
  /** JSON text. */
  readonly metadata: string | null;
  readonly parents: readonly { readonly id: string }[];
  readonly dedupe: readonly RuleMatcher[];
}

/** What the SQL functions take that look for duplicates. */
export interface DuplicateSearch {
  readonly shapes: SqlJson;
  readonly tasks: SqlJson;
  readonly strategies: SqlJson;
}

/** What they found, as JSON text. */
export interface FoundDuplicates {
  readonly looks: string;
  readonly own: string;
}

interface Look {
  n: number;
  key: string;
  status: TaskStatus;
  taken: boolean;
}

/** How the duplicates among the tasks are looked for; null when no task has a strategy. */
export function searchFor(tasks: readonly DedupeTask[]): DuplicateSearch | null {
  if (tasks.every((task) => task.dedupe.length === 0)) return null;
  const strategies = new Map<string, number>();
  const rows = tasks.map((task, n) => {
    const strategy = JSON.stringify(
      task.dedupe.map(({ status, kind, fields }) => ({ status, kind, fields: sorted(fields) })),
    );
    if (!strategies.has(strategy)) strategies.set(strategy, strategies.size);
    return `{"n":${n},"kind":${JSON.stringify(task.kind)},"metadata":${task.metadata},"strategy":${strategies.get(strategy)}}`;
  });
  const sets = Array.from(strategies, ([matchers, id]) => `{"id":${id},"matchers":${matchers}}`);
  return { shapes: shapesOf(tasks), tasks: `[${rows.join(',')}]`, strategies: `[${sets.join(',')}]` };
}

function shapesOf(tasks: readonly DedupeTask[]): string {
  const shapes = new Map<string, { kind: string; fields: readonly string[] }>();
  for (const { dedupe } of tasks) {
    for (const { kind, fields } of dedupe) {
      const shape = { kind, fields: sorted(fields) };
      shapes.set(JSON.stringify(shape), shape);
    }
  }
  return JSON.stringify([...shapes.values()]);
}

/** Makes known how tasks are looked for; committed before the transaction that looks (migrations/0022-dedupe.sql). */
export async function registerDedupeShapes(db: Kysely<Schema>, { shapes }: DuplicateSearch): Promise<void> {
  await retryConflicts(() => sql`select register_dedupe_shapes(${shapes}::json)`.execute(db));
}

/** Others that look for the same wait until `trx` ends. */
export async function lookForDuplicates(
  trx: Kysely<Schema>,
  { tasks, strategies }: DuplicateSearch,
): Promise<FoundDuplicates> {
  const { rows } = await sql<FoundDuplicates>`
    select looks::text, own::text from look_for_duplicates(
      p_strategies => ${strategies}::json, p_tasks => ${tasks}::json)`.execute(trx);
  return rows[0]!;
}

/** The ids of the tasks that are not to be created. */
export function findDuplicateIds(tasks: readonly DedupeTask[], found: FoundDuplicates): Set<string> {
  const looks: Look[] = JSON.parse(found.looks);
  const own: { n: number; key: string }[] = JSON.parse(found.own);
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
