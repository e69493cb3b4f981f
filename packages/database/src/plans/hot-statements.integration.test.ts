import type { Database } from '@arcrun/database';
import {
  aBatch,
  anAction,
  aWorker,
  type BuiltBatch,
  claimUpTo,
  createTestDatabase,
  start,
  type TaskSpec,
  type TestDatabase,
  writeBatch,
  SAMPLE_NOW,
} from '@arcrun/database/testing';
import type { Rule } from '@arcrun/domain';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { planBatch } from '../batch-plan.ts';
import { addProgress } from '../operations/add-progress.ts';
import { archiveBatches } from '../operations/archive-batches.ts';
import { changeRules } from '../operations/change-rules.ts';
import { claimTasks } from '../operations/claim-tasks.ts';
import { createBatchOnce } from '../operations/create-batch.ts';
import { endTasks } from '../operations/end-tasks.ts';
import { explainTask } from '../operations/explain-task.ts';
import { findActions } from '../operations/find-actions.ts';
import { findBatchNews } from '../operations/find-batch-news.ts';
import { findBatch } from '../operations/find-batch.ts';
import { hasBatch } from '../operations/has-batch.ts';
import { findDag } from '../operations/find-dag.ts';
import { findOldestDue } from '../operations/find-oldest-due.ts';
import { findOverview } from '../operations/find-overview.ts';
import { findArchivedEnd } from '../operations/find-archived-end.ts';
import { findTask } from '../operations/find-task.ts';
import { forgetIdempotencyKeys } from '../operations/forget-idempotency-keys.ts';
import { handBackDeadClaims } from '../operations/hand-back-dead-claims.ts';
import { handBackLostClaims } from '../operations/hand-back-lost-claims.ts';
import { leaseDeliveries } from '../operations/lease-deliveries.ts';
import { listBatches } from '../operations/list-batches.ts';
import { listDeliveries } from '../operations/list-deliveries.ts';
import { listTasks } from '../operations/list-tasks.ts';
import { closeBreaker } from '../operations/close-breaker.ts';
import { openBreaker } from '../operations/open-breaker.ts';
import { pauseTask } from '../operations/pause-task.ts';
import { propagateEnds } from '../operations/propagate-ends.ts';
import { recordDeliveries } from '../operations/record-deliveries.ts';
import { reportEnds } from '../operations/report-ends.ts';
import { resumeTask } from '../operations/resume-task.ts';
import { retryDeliveries } from '../operations/retry-deliveries.ts';
import { retryDelivery } from '../operations/retry-delivery.ts';
import { startTasks } from '../operations/start-tasks.ts';
import { stopBatch } from '../operations/stop-batch.ts';
import { takeSample } from '../operations/take-sample.ts';
import { timeOutTasks } from '../operations/time-out-tasks.ts';
import { updateTask } from '../operations/update-task.ts';
import { type ReadRows, watchPlans } from './watch-plans.ts';

// Every hot statement, those inside functions too, with 200,000 tasks in the database: none may read a growing table
// from one end to the other, whatever the statistics say.

const TASKS = 200_000;
const BATCH_SIZE = 1000;

/** Far more than any of these statements has to read for the little that it is asked to do. */
const ROWS_MAX = 6000;

/** These are emptied by each round, and small. */
const INBOXES: ReadonlySet<string> = new Set(['place_change', 'arrived', 'propagation', 'settled_change']);
const SMALL: ReadonlySet<string> = new Set([
  'worker',
  'sweep',
  'shape',
  'dedupe_shape',
  'origin_breaker',
  'sample',
  'sample_minute',
  'kind_ends',
]);

let database: TestDatabase;
let worker: string;
let blocked: BuiltBatch<string>;

const perTenant: Rule = {
  type: 'Concurency',
  max_concurency: 10,
  matcher: { status: 'Running', kind: 'blocked', fields: ['tenant'] },
};

const manyTasks = (spec: (index: number) => TaskSpec): Record<string, TaskSpec> =>
  Object.fromEntries(Array.from({ length: BATCH_SIZE }, (_, index) => [`t${index}`, spec(index)]));

beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
  worker = await aWorker(database.db);
  await database.pool.query(`
    do $$ declare t text; begin
      for t in select tablename from pg_tables where schemaname = 'public' loop
        execute format('alter table %I set (autovacuum_enabled = false)', t);
      end loop;
    end $$`);
  // Finished, with notifications that were delivered; then what is blocked, of 20 tenants.
  for (let n = 0; n < 10; n++) {
    const done = aBatch(manyTasks(() => ({ kind: 'done', onSuccess: [anAction(`told-${n}`)] })));
    await writeBatch(database.db, done.batch);
    const claims = await claimUpTo(database.db, worker, BATCH_SIZE);
    await start(database.db, claims);
    await endTasks(
      database.db,
      'report',
      claims.map(({ id }) => ({ id, status: 'Success' as const })),
      { wait: true, cascadeLimit: 10 },
    );
    await database.pool.query(
      `update delivery set status = 'Success', next_attempt_at = null where status = 'Pending'`,
    );
  }
  // More than may be read, between two attempts.
  const tomorrow = JSON.stringify({
    ...{ max_attempts: 2, backoff_secs: 86_400, backoff_factor: 1, max_backoff_secs: 86_400 },
    ...{ jitter: false, on: ['failure'] },
  });
  for (let n = 0; n < 1 + ROWS_MAX / BATCH_SIZE; n++) {
    const tried = aBatch(manyTasks(() => ({ kind: 'tried', maxAttempts: 2, retry: tomorrow })));
    await writeBatch(database.db, tried.batch);
    const claims = await claimUpTo(database.db, worker, BATCH_SIZE);
    await start(database.db, claims);
    const ends = claims.map(({ id }) => ({ id, status: 'Failure' as const, reason: 'broken' }));
    await endTasks(database.db, 'report', ends, { wait: true, cascadeLimit: 10 });
  }
  for (let n = 0; n < TASKS / BATCH_SIZE - 10; n++) {
    blocked = aBatch(
      manyTasks((index) => ({
        kind: 'blocked',
        name: `blocked-${index % 100}`,
        rules: [perTenant],
        metadata: JSON.stringify({ tenant: (n * BATCH_SIZE + index) % 20, n }),
      })),
      { scope: `scope-${n}`, metadata: JSON.stringify({ n }) },
    );
    await writeBatch(database.db, blocked.batch);
    // So that the rule has been counted before there is much to count.
    if (n === 0) await claimUpTo(database.db, worker, 0);
  }
  // What makes the other tables as large as they are in such a database.
  await database.pool.query(`
    insert into action (hash, url, verb, origin)
    select substring(sha256(n::text::bytea) for 16), 'https://receiver.example/' || n, 'Post', 'https://receiver.example'
    from generate_series(1, 20000) n;
    insert into rule_set (hash, rules, needs)
    select substring(sha256(n::text::bytea) for 16), '[]', '[]' from generate_series(1, 5000) n;
    insert into batch (id, created_at, posted_as_object, scope, metadata, on_complete, kinds, total_tasks, open_tasks,
                       updated_at, completed_at, status_counts)
    select gen_random_uuid(), now() - n * interval '1 min', true, 'old-' || n, jsonb_build_object('old', n), '{}', '{}',
           0, 0, now(), now() - n * interval '1 min', '{}'
    from generate_series(1, 20000) n;
    insert into link (parent_id, child_id, requires_success)
    select first.id, t.id, false from task t join task first on first.batch_id = t.batch_id and first.position = 0
    where t.position > 0 and t.kind = 'blocked';
    insert into task_attempt (task_id, attempt, ended_at, failure_reason, success, failures)
    select gen_random_uuid(), 1, now(), 'failed', 0, 0 from generate_series(1, 20000) n;
    insert into start_failure (task_id, failures, last_error)
    select gen_random_uuid(), 1, 'failed' from generate_series(1, 20000) n;
    insert into archived_task (id, batch_id, position, status, content)
    select gen_random_uuid(), gen_random_uuid(), 0, 'Success', '{}' from generate_series(1, 20000) n;
    insert into archived_batch (id, created_at, completed_at, archived_at, total_tasks, summary)
    select gen_random_uuid(), now(), now(), now(), 1, '{}' from generate_series(1, 20000) n;
    insert into archived_delivery (batch_id, id, trigger, position, status, attempts, created_at, updated_at)
    select gen_random_uuid(), gen_random_uuid(), 'BatchComplete', 0, 'Success', 1, now(), now()
    from generate_series(1, 20000) n;
    insert into idempotency_key (call, key, body_hash, batch_id)
    select 'POST /task', 'key-' || n, 'hash', gen_random_uuid() from generate_series(1, 20000) n;
    insert into lane (id, origin, keys, ceilings)
    select gen_random_uuid(), 'https://receiver.example', '{}', '{}' from generate_series(1, 5000) n;
    insert into occupancy (key, amount, is_reopened)
    select gen_random_uuid(), 0, false from generate_series(1, 5000) n`);
  // 200 of them run and keep the rest blocked.
  await start(database.db, await claimUpTo(database.db, worker, 1000));
}, 180_000);
afterAll(() => database.close());

let watched: Database;
let takeReads: () => Promise<ReadRows[]>;

async function expectFewRows(run: () => Promise<unknown>, rowsMax = ROWS_MAX): Promise<void> {
  await takeReads();
  await run();
  const tooMuch = (await takeReads()).filter(
    ({ table, isSequential, rows }) =>
      !INBOXES.has(table) && !SMALL.has(table) && (isSequential || rows > rowsMax),
  );
  expect(tooMuch).toEqual([]);
}

describe.each([
  ['without statistics', false],
  ['with statistics', true],
])('%s', (_, analyzed) => {
  beforeAll(async () => {
    if (analyzed) await database.pool.query('vacuum analyze');
    ({ watched, takeReads } = await watchPlans(database));
  });

  const limits = { cascadeLimit: 1000 };
  const aSmallBatch = () =>
    aBatch(
      {
        a: { kind: 'free', onSuccess: [anAction('told')], timeoutSecs: 1 },
        b: { kind: 'free', needs: ['a'], onFailure: [anAction('failed')] },
        c: { kind: 'free', follows: ['b'] },
      },
      { onComplete: [anAction('complete')] },
    );

  test('a task from its creation to its end, and what follows', async () => {
    const built = aSmallBatch();
    await expectFewRows(() => writeBatch(watched.db, built.batch));
    const claims: { id: string; claim: number }[] = [];
    await expectFewRows(async () => {
      const round = await claimTasks(watched.db, worker, { limit: 50, originRoom: 50 });
      claims.push(...round.claims);
    });
    expect(claims.map(({ id }) => id)).toContain(built.ids.a);
    await expectFewRows(() =>
      startTasks(
        watched.db,
        claims.map(({ id, claim }) => ({ id, claim, cancelAction: null })),
        { wait: false },
      ),
    );
    await expectFewRows(() =>
      addProgress(watched.db, [{ id: built.ids.a, success: 1, failures: 0 }], { wait: false }),
    );
    await expectFewRows(() => updateTask(watched.db, built.ids.a, { priority: 3, metadata: '{"x": 1}' }));
    await expectFewRows(() =>
      endTasks(watched.db, 'report', [{ id: built.ids.a, status: 'Success' }], { wait: false, ...limits }),
    );
    await expectFewRows(() =>
      endTasks(watched.db, 'cancel', [{ id: built.ids.b, status: 'Canceled' }], { wait: true, ...limits }),
    );
    await expectFewRows(() => stopBatch(watched.db, built.id));
    await expectFewRows(async () => {
      const { leased } = await leaseDeliveries(watched.db, worker, {
        limit: 50,
        leaseSecs: 60,
        originRoom: 50,
      });
      expect(leased.length).toBeGreaterThan(0);
      await recordDeliveries(
        watched.db,
        worker,
        leased.map(({ id, attempt }) => ({
          id,
          attempt,
          outcome: 'Success',
          error: null,
          retryInSecs: null,
        })),
      );
    });
  });

  // proves: rules/claim-cost
  test('a claim among 199,000 blocked tasks, and a place that is freed', async () => {
    const { rows } = await database.pool.query<{ id: string }>(
      `select s.id from task_state s join task t on t.id = s.id where s.status = 'Running' and t.kind = 'blocked' limit 1`,
    );
    await expectFewRows(() => claimTasks(watched.db, worker, { limit: 50, originRoom: 50 }));
    await expectFewRows(() =>
      endTasks(watched.db, 'report', [{ id: rows[0]!.id, status: 'Success' }], { wait: false, ...limits }),
    );
    await expectFewRows(async () => {
      const { claims } = await claimTasks(watched.db, worker, { limit: 50, originRoom: 50 });
      expect(claims).toHaveLength(1);
      await start(watched.db, claims);
    });
  });

  test('pause, resume, a cascade, what is due, and the breakers', async () => {
    const built = aSmallBatch();
    await writeBatch(database.db, built.batch);
    await expectFewRows(() => pauseTask(watched.db, built.ids.a));
    await expectFewRows(() => resumeTask(watched.db, built.ids.a));
    await expectFewRows(() =>
      endTasks(watched.db, 'cancel', [{ id: built.ids.a, status: 'Canceled' }], { wait: true, ...limits }),
    );
    await expectFewRows(() => propagateEnds(watched.db, { limit: 1000 }));
    await expectFewRows(() => timeOutTasks(watched.db, { limit: 100, ...limits }));
    await expectFewRows(() => handBackLostClaims(watched.db, worker, [], 30));
    await expectFewRows(() => handBackDeadClaims(watched.db, 6));
    await expectFewRows(() => findOldestDue(watched.db));
    await expectFewRows(async () => {
      await openBreaker(watched.db, 'http://gone.example', 30);
      await claimTasks(watched.db, worker, { limit: 50, originRoom: 50 });
      await closeBreaker(watched.db, 'http://gone.example');
    });
    await expectFewRows(() => forgetIdempotencyKeys(watched.db, 100));
  });

  test('rules of one batch that change', async () => {
    await expectFewRows(() =>
      changeRules(watched.db, { batchId: blocked.id, kind: 'other', rules: [perTenant] }),
    );
  });

  test('dedupe and idempotency keys', async () => {
    const dedupe = [{ status: 'Pending', kind: 'blocked', fields: ['tenant', 'n'] }] as const;
    const unique = aBatch({ a: { kind: 'free', dedupe: [...dedupe], metadata: '{"tenant": 77, "n": 1}' } });
    await expectFewRows(() => writeBatch(watched.db, unique.batch));
    const call = { call: 'POST /task', key: unique.id, bodyHash: Buffer.alloc(32) };
    const again = aSmallBatch();
    await expectFewRows(() =>
      createBatchOnce(
        watched.db,
        call,
        planBatch(again.batch, async () => null),
        async () => null,
      ),
    );
  });

  test('what the API shows of one task or batch', async () => {
    const id = blocked.ids['t500']!;
    await expectFewRows(() => findTask(watched.db, id));
    await expectFewRows(() => findArchivedEnd(watched.db, id));
    await expectFewRows(() => findBatch(watched.db, blocked.id));
    await expectFewRows(() => findActions(watched.db, ['00'.repeat(16)]));
  });

  test('the overview, once a sample has been taken', async () => {
    await takeSample(database.db, SAMPLE_NOW);
    await expectFewRows(() => reportEnds(watched.db, [{ kind: 'free', ended: 1, failed: 0 }]));
    await expectFewRows(() => findOverview(watched.db));
  });

  // proves: http/explain-cost
  test('why the last of many blocked tasks has not started', async () => {
    const { rows } = await database.pool.query<{ id: string }>(
      `select s.id from task_state s where s.status = 'Pending' and s.batch_id = $1 order by s.position desc limit 1`,
      [blocked.id],
    );
    await expectFewRows(async () => {
      expect(await explainTask(watched.db, rows[0]!.id)).toMatchObject({
        status: 'Pending',
        rules: [{ occupancy: 10, is_full: true, holders: expect.any(Array), before: 5001 }],
      });
    });
    await expectFewRows(() => explainTask(watched.db, '0190c2a5-0000-7000-8000-000000000001'));
  });

  test('notifications that are made due again by hand', async () => {
    const nobody = '0190c2a5-0000-7000-8000-000000000001';
    const retryAll = async (taskId: string | null, batchId: string | null) => {
      for await (const retried of retryDeliveries(watched.db, { taskId, batchId }, 1000))
        expect(retried).toBe(0);
    };
    await expectFewRows(() => retryDelivery(watched.db, nobody));
    await expectFewRows(() => retryAll(null, null));
    await expectFewRows(() => retryAll(blocked.ids['t500']!, null));
    await expectFewRows(() => retryAll(null, blocked.id));
  });

  test('what has changed in a batch', async () => {
    await expectFewRows(() => hasBatch(watched.db, blocked.id));
    const since: string[] = [];
    await expectFewRows(async () => {
      const news = await findBatchNews(watched.db, blocked.id, null);
      expect(news?.tasks).toHaveLength(BATCH_SIZE);
      since.push(news!.snapshot);
    });
    await updateTask(database.db, blocked.ids['t500']!, { newSuccess: 1 });
    await expectFewRows(async () => {
      const news = await findBatchNews(watched.db, blocked.id, since[0]!);
      expect(news?.tasks).toHaveLength(1);
    });
  });

  test('a step of retention', async () => {
    await expectFewRows(() => archiveBatches(watched.db, { ageSecs: 0, limit: 1 }));
  });
});

// They are asked for by people: in the first minute of a database, without statistics, they may take longer.
describe('lists, with statistics', () => {
  const page = { size: 50, offset: 0, after: null };
  const LIMIT_MS = 10_000;

  test.each([
    [{}],
    [{ name: 'blocked-77' }],
    [{ name: 'nothing like it' }],
    [{ kind: 'lock' }],
    [{ kind: 'nothing like it' }],
    [{ metadata: '{"tenant": 7, "n": 3}' }],
    [{ metadata: '{"tenant": "nobody"}' }],
  ])('the list of tasks with %j', async (filters) => {
    await expectFewRows(() => listTasks(watched.db, filters, page, LIMIT_MS));
  });

  test('the graph of a batch', async () => {
    await expectFewRows(() => findDag(watched.db, blocked.id));
  });

  // proves: http/page-cost
  test('the tasks of a batch, and a later page', async () => {
    await expectFewRows(() =>
      listTasks(watched.db, { batchId: blocked.id, status: 'Pending' }, page, LIMIT_MS),
    );
    const { next } = await listTasks(database.db, {}, page, LIMIT_MS);
    await expectFewRows(() => listTasks(watched.db, {}, { ...page, after: next }, LIMIT_MS));
  });

  test.each([
    [{}],
    [{ kind: 'lock' }],
    [{ name: 'nothing like it' }],
    [{ scope: 'scope-7' }],
    [{ scope: 'nothing like it' }],
    [{ metadata: '{"n": 7}' }],
    [{ search: 'scope-17' }],
  ])('the list of batches with %j', async (filters) => {
    // Those of live batches are counted in an index.
    const counted = page.size * BATCH_SIZE;
    await expectFewRows(() => listBatches(watched.db, filters, page, LIMIT_MS), counted);
  });

  test.each([[{}], [{ status: 'Success' as const }], [{ status: 'Exhausted' as const }]])(
    'the ledger with %j',
    async (filters) => {
      await expectFewRows(() => listDeliveries(watched.db, filters, page, LIMIT_MS));
    },
  );

  test('the ledger of a task and of a batch', async () => {
    await expectFewRows(() => listDeliveries(watched.db, { taskId: blocked.ids['t500']! }, page, LIMIT_MS));
    await expectFewRows(() => listDeliveries(watched.db, { batchId: blocked.id }, page, LIMIT_MS));
  });
});
