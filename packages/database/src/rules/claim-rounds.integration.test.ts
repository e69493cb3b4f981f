import {
  aWorker,
  cancel,
  claimUpTo,
  findViolations,
  start,
  submit,
  succeed,
  type TaskSpec,
  useTestDatabase,
} from '@arcrun/database/testing';
import { isDeepStrictEqual } from 'node:util';
import type { Rule, TaskStatus } from '@arcrun/domain';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { addProgress } from '../operations/add-progress.ts';
import { handBackClaims } from '../operations/hand-back-claims.ts';
import { updateTask } from '../operations/update-task.ts';

const database = useTestDatabase();

/** A task as the model sees it. */
interface ModelTask {
  id: string;
  kind: string;
  status: TaskStatus;
  metadata: Record<string, unknown> | null;
  rules: Rule[];
  expected_count: number | null;
  success: number;
  failures: number;
}

const STARTED: readonly TaskStatus[] = ['Claimed', 'Running'];

/** The contract's section 4, word by word, over all tasks. */
function mayStart(task: ModelTask, tasks: readonly ModelTask[]): boolean {
  return task.rules.every((rule) => {
    const { kind, fields, status } = rule.matcher;
    if (fields.some((field) => !Object.hasOwn(task.metadata ?? {}, field))) return false;
    const matching = tasks.filter(
      (other) =>
        other !== task &&
        other.kind === kind &&
        (status === 'Running' ? STARTED.includes(other.status) : other.status === status) &&
        fields.every(
          (field) =>
            Object.hasOwn(other.metadata ?? {}, field) &&
            isDeepStrictEqual(other.metadata?.[field], task.metadata?.[field]),
        ),
    );
    if (rule.type === 'Capacity') {
      if (task.expected_count === null) return false;
      const work = matching.reduce(
        (sum, other) => sum + Math.max((other.expected_count ?? 0) - other.success - other.failures, 0),
        0,
      );
      return work < rule.max_capacity;
    }
    return kind === task.kind
      ? matching.length < rule.max_concurency
      : matching.length <= rule.max_concurency;
  });
}

/** All tasks in the order in which they are to start. */
async function readTasks(): Promise<ModelTask[]> {
  const { rows } = await sql<ModelTask>`
    select s.id, t.kind, s.status, t.metadata, coalesce(r.rules, '[]') as rules, s.expected_count, s.success, s.failures
    from task_state s join task t on t.id = s.id left join rule_set r on r.hash = s.rules
    order by s.priority desc, s.created_at, s.position, s.id`.execute(database.db);
  return rows;
}

/** What one after another would claim. */
function expectedClaims(tasks: readonly ModelTask[], limit: number): string[] {
  const claims: string[] = [];
  for (const task of tasks) {
    if (claims.length === limit) break;
    if (task.status !== 'Pending' || !mayStart(task, tasks)) continue;
    task.status = 'Claimed';
    claims.push(task.id);
  }
  return claims;
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SEEDS = Array.from({ length: Number(process.env['SEEDS'] ?? 25) }, (_, index) => index + 1);

// proves: rules/atomic-order, rules/atomic-overlap, rules/all-rules, rules/no-head-of-line
test.each(SEEDS)('a round claims what one after another would: seed %i', async (seed) => {
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const kinds = ['etl', 'mail', 'scan'];
  const fieldSets = [[], ['tenant'], ['tenant'], ['region', 'tenant']];
  const statuses: TaskStatus[] = [
    'Running',
    'Running',
    'Running',
    'Running',
    'Claimed',
    'Success',
    'Waiting',
  ];
  const aRule = (): Rule => {
    const matcher = { status: pick(statuses), kind: pick(kinds), fields: pick(fieldSets) };
    return random() < 0.25
      ? { type: 'Capacity', max_capacity: 1 + below(12), matcher: { ...matcher, status: 'Running' } }
      : { type: 'Concurency', max_concurency: 1 + below(4), matcher };
  };
  const ruleSets = Array.from({ length: 5 }, () => Array.from({ length: below(4) }, aRule));
  const aMetadata = (): string | null =>
    random() < 0.05
      ? null
      : JSON.stringify({
          ...(random() < 0.95 && { tenant: pick([1, 2, '1', { a: 1, b: [2] }]) }),
          ...(random() < 0.9 && { region: pick(['eu', 'us', null]) }),
        });
  const aTask = (): TaskSpec => ({
    kind: pick(kinds),
    priority: pick([0, 0, 0, 5, -5]),
    metadata: aMetadata(),
    rules: pick(ruleSets),
    expectedCount: random() < 0.8 ? below(8) : null,
  });

  const worker = await aWorker(database.db);
  const open = new Map<string, { id: string; claim: number }>();
  for (let step = 0; step < 25; step++) {
    if (random() < 0.5) {
      await submit(
        database.db,
        Object.fromEntries(Array.from({ length: 1 + below(15) }, (_, index) => [`t${index}`, aTask()])),
      );
    }
    const held = [...open.values()];
    for (const claim of held) {
      const turn = random();
      if (turn < 0.2) {
        await start(database.db, [claim]).catch(() => undefined);
      } else if (turn < 0.45) {
        await succeed(database.db, claim.id);
        open.delete(claim.id);
      } else if (turn < 0.5) {
        await cancel(database.db, claim.id);
        open.delete(claim.id);
      } else if (turn < 0.55) {
        if ((await handBackClaims(database.db, worker, [claim])).returned > 0) open.delete(claim.id);
      } else if (turn < 0.7) {
        await addProgress(database.db, [{ id: claim.id, success: 1 + below(3), failures: 0 }], {
          wait: true,
        });
      }
    }
    for (const task of await readTasks()) {
      if (random() < 0.05) await updateTask(database.db, task.id, { metadata: aMetadata() ?? undefined });
      if (random() < 0.03) await updateTask(database.db, task.id, { priority: pick([-7, 3, 9]) });
      if (random() < 0.03) await updateTask(database.db, task.id, { expectedCount: below(9) });
    }
    const tasks = await readTasks();
    const limit = 1 + below(20);
    const expected = expectedClaims(tasks, limit);
    const claims = await claimUpTo(database.db, worker, limit);
    expect(claims.map((claim) => claim.id)).toEqual(expected);
    expect(await findViolations(database.db)).toEqual([]);
    for (const claim of claims) open.set(claim.id, claim);
  }
});
