import { randomBytes } from 'node:crypto';
import {
  createBatch,
  type CreatedBatch,
  type Db,
  type InsertedBatch,
  type InsertedTask,
  planBatch,
  type StoredAction,
} from '@arcrun/database';

let lastId = BigInt(Date.now()) << 20n;

/** A UUID of version 7 that is larger than all before it. */
export function nextId(): string {
  lastId += 1n;
  const time = (lastId >> 20n).toString(16).padStart(12, '0');
  const counter = (lastId & 0xfffffn).toString(16).padStart(5, '0');
  const random = randomBytes(7).toString('hex');
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${counter.slice(0, 3)}`,
    `8${counter.slice(3)}${random.slice(0, 1)}`,
    random.slice(1, 13),
  ].join('-');
}

/** A webhook to a receiver that nobody calls in these tests. */
export function anAction(
  name: string,
  body: string | null = null,
  retry: StoredAction['retry'] = null,
): StoredAction {
  const url = `https://receiver.example/${name}`;
  return {
    url,
    verb: 'Post',
    headers: null,
    body,
    retry,
    key: JSON.stringify([url, 'Post', null, body, retry]),
  };
}

export interface TaskSpec extends Partial<Omit<InsertedTask, 'id' | 'parents' | 'position'>> {
  /** Local names of parents that must succeed. */
  readonly needs?: readonly string[];
  /** Local names of parents that must only end. */
  readonly follows?: readonly string[];
}

export interface BuiltBatch<Name extends string> {
  readonly batch: InsertedBatch;
  readonly id: string;
  /** Ids by local name. */
  readonly ids: Readonly<Record<Name, string>>;
}

/**
 * A batch of tasks by local names, parents before their children, so that ids grow in topological order. A task's
 * `name` is its local name.
 */
export function aBatch<Name extends string>(
  tasks: Readonly<Record<Name, TaskSpec>>,
  batch: Partial<Omit<InsertedBatch, 'tasks'>> = {},
): BuiltBatch<Name> {
  const ids = new Map<string, string>();
  const idOf = (name: string): string => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`list the parent ${name} before its children`);
    return id;
  };
  const inserted = Object.entries<TaskSpec>(tasks).map(([name, spec], position): InsertedTask => {
    const { needs = [], follows = [], ...fields } = spec;
    const id = nextId();
    const parents = [
      ...needs.map((parent) => ({ id: idOf(parent), requiresSuccess: true })),
      ...follows.map((parent) => ({ id: idOf(parent), requiresSuccess: false })),
    ];
    ids.set(name, id);
    return {
      id,
      position,
      name,
      kind: 'test',
      timeoutSecs: 60,
      priority: 0,
      expectedCount: null,
      deadEndBarrier: false,
      metadata: null,
      onStart: anAction('start'),
      onSuccess: [],
      onFailure: [],
      rules: [],
      dedupe: [],
      maxAttempts: 1,
      retry: null,
      ...fields,
      parents,
    };
  });
  const id = batch.id ?? nextId();
  return {
    id,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names are those of `tasks`
    ids: Object.fromEntries(ids) as Record<Name, string>,
    batch: {
      id,
      postedAsObject: false,
      scope: null,
      metadata: null,
      onComplete: [],
      ...batch,
      tasks: inserted,
    },
  };
}

/** Plans a batch and writes it; the tasks that were created are what is known of it. */
export function writeBatch(db: Db, batch: InsertedBatch): Promise<CreatedBatch<readonly InsertedTask[]>> {
  return createBatch(
    db,
    planBatch(batch, (tasks) => tasks),
  );
}

/** Builds a batch and writes it. */
export async function submit<Name extends string>(
  db: Db,
  tasks: Readonly<Record<Name, TaskSpec>>,
  batch: Partial<Omit<InsertedBatch, 'tasks'>> = {},
): Promise<BuiltBatch<Name>> {
  const built = aBatch(tasks, batch);
  await writeBatch(db, built.batch);
  return built;
}
