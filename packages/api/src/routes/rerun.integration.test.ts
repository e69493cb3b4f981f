import { archiveBatches } from '@arcrun/database';
import { aWorker, cancel, claimUpTo, fail, findViolations, start, succeed } from '@arcrun/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
beforeEach(() => api.database.clear());
afterEach(async () => {
  expect(await findViolations(api.database.db)).toEqual([]);
});
afterAll(() => api.close());

const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';
const call = (path: string) => ({
  kind: 'Webhook',
  params: {
    url: `https://receiver.example/${path}`,
    verb: 'Put',
    body: { n: 12345678901234567890n.toString() },
    headers: { 'X-Own': 'a' },
  },
});
const RULE = {
  type: 'Concurency',
  max_concurency: 2,
  matcher: { status: 'Running', kind: 'build', fields: ['tenant'] },
};

/** build → test → deploy, and notify after test, whatever became of it. */
const PIPELINE = {
  scope: 'pipeline',
  metadata: { commit: 'abc' },
  on_batch_complete: [call('complete')],
  tasks: [
    {
      id: 'deploy',
      dependencies: [{ id: 'test', requires_success: true }],
      dead_end_barrier: true,
      retry: { max_attempts: 3 },
    },
    { id: 'build', priority: 7, expected_count: 9, metadata: { tenant: 1 }, rules: [RULE], timeout: 120 },
    {
      id: 'test',
      dependencies: [{ id: 'build', requires_success: true }],
      on_success: [call('good')],
      on_failure: [call('bad'), call('worse')],
      dedupe_strategy: [{ status: 'Canceled', kind: 'test', fields: [] }],
    },
    { id: 'notify', dependencies: [{ id: 'test', requires_success: false }] },
  ].map((task) => ({ name: `the ${task.id}`, kind: task.id, on_start: call('start'), ...task })),
};

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly rerun_of: string | null;
}

/** Creates it, and ends its tasks: build succeeds, test fails, so deploy fails by cascade; notify is canceled. */
async function aFinishedBatch(): Promise<{ batchId: string; ids: Record<string, string> }> {
  const { db } = api.database;
  const { headers, json } = await api.call('POST', '/task', { body: PIPELINE });
  const ids = Object.fromEntries(json.map(({ kind, id }: Shown) => [kind, id])) as Record<string, string>;
  const worker = await aWorker(db);
  const runAll = async () => start(db, await claimUpTo(db, worker, 100));
  await runAll();
  await succeed(db, ids['build']!);
  await runAll();
  await fail(db, ids['test']!);
  await cancel(db, ids['notify']!);
  return { batchId: headers.get('x-batch-id')!, ids };
}

const rerun = (batchId: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', `/batch/${batchId}/rerun`, { ...(body !== undefined && { body }), headers });
const get = async (path: string) => (await api.call('GET', path)).json;
const kindsOf = (tasks: readonly Shown[]) => tasks.map(({ kind }) => kind);

// proves: http/rerun
test('what did not succeed runs again in a new batch; what stays out counts as met', async () => {
  const { batchId, ids } = await aFinishedBatch();
  const { status, headers, json } = await rerun(batchId.toUpperCase());
  const newBatch = headers.get('x-batch-id')!;
  expect(status).toBe(201);
  expect(newBatch).not.toBe(batchId);
  expect(json.map(({ kind, status: now, rerun_of: of }: Shown) => [kind, now, of])).toEqual([
    ['deploy', 'Waiting', ids['deploy']],
    ['test', 'Pending', ids['test']],
    ['notify', 'Waiting', ids['notify']],
  ]);
  const [deploy, check, notify] = json as Shown[];
  const { links } = await get(`/dag/${newBatch}`);
  expect(links).toHaveLength(2);
  expect(links).toEqual(
    expect.arrayContaining([
      { parent_id: check!.id, child_id: deploy!.id, requires_success: true },
      { parent_id: check!.id, child_id: notify!.id, requires_success: false },
    ]),
  );
  expect(await get(`/batch/${newBatch}`)).toMatchObject({ rerun_of: batchId, reruns: [], total_tasks: 3 });
  expect(await get(`/batch/${batchId}`)).toMatchObject({ rerun_of: null, reruns: [newBatch] });
  expect((await get('/batches'))[0]).toMatchObject({
    ...{
      batch_id: newBatch,
      rerun_of: batchId,
      scope: 'pipeline',
      metadata: { commit: 'abc' },
      remaining: 3,
    },
  });
});

// proves: http/rerun-copies
test('everything of a task is copied, as it was when it ended; dedupe is not asked', async () => {
  const { db, pool } = api.database;
  const { headers, json } = await api.call('POST', '/task', { body: PIPELINE });
  const batchId = headers.get('x-batch-id')!;
  const changed = { ...RULE, max_concurency: 1 };
  const build = json.find(({ kind }: Shown) => kind === 'build').id as string;
  await api.call('PATCH', `/task/${build}`, { body: { priority: -3, metadata: { tenant: 2, more: 1.5 } } });
  await api.call('PATCH', `/batch/${batchId}/rules`, { body: { kind: 'build', rules: [changed] } });
  await api.call('DELETE', `/batch/${batchId}`);
  const again = await rerun(batchId, { only: 'all' });
  expect(kindsOf(again.json)).toEqual(['deploy', 'build', 'test', 'notify']);
  for (const [index, { id }] of (again.json as Shown[]).entries()) {
    const [was, is] = [await get(`/task/${json[index].id}`), await get(`/task/${id}`)];
    const { name, kind, timeout, rules, metadata, actions, priority, expected_count, retry, max_attempts } =
      is;
    expect({
      name,
      kind,
      timeout,
      rules,
      metadata,
      actions,
      priority,
      expected_count,
      retry,
      max_attempts,
    }).toEqual({
      name: was.name,
      kind: was.kind,
      timeout: was.timeout,
      rules: was.rules,
      metadata: was.metadata,
      actions: was.actions,
      priority: was.priority,
      expected_count: was.expected_count,
      retry: was.retry,
      max_attempts: was.max_attempts,
    });
    expect(is).toMatchObject({
      dead_end_barrier: was.dead_end_barrier,
      rerun_of: was.id,
      attempt: 1,
      success: 0,
    });
  }
  const newBuild = again.json[1].id as string;
  expect(await get(`/task/${newBuild}`)).toMatchObject({
    ...{
      priority: -3,
      metadata: { tenant: 2, more: 1.5 },
      rules: [changed],
      expected_count: 9,
      timeout: 120,
    },
  });
  // It is claimed, and what follows from its end does.
  const worker = await aWorker(db);
  await start(db, await claimUpTo(db, worker, 100));
  await succeed(db, newBuild);
  const { rows } = await pool.query(`select status from task_state where id = $1`, [again.json[2].id]);
  expect(rows).toEqual([{ status: 'Pending' }]);
});

// proves: http/rerun-complete
test('on_batch_complete of the new batch is told, too', async () => {
  const { batchId } = await aFinishedBatch();
  const { headers } = await rerun(batchId);
  await api.call('DELETE', `/batch/${headers.get('x-batch-id')}`);
  const deliveries = await get(`/webhook-deliveries?batch_id=${headers.get('x-batch-id')}`);
  expect(deliveries).toMatchObject([{ trigger: 'BatchComplete' }]);
});

// proves: http/rerun-dry-run
test('dry_run tells what would run, and creates nothing', async () => {
  const { batchId, ids } = await aFinishedBatch();
  const { status, json } = await rerun(batchId, { dry_run: true });
  expect(status).toBe(200);
  expect(json).toEqual({
    tasks: [
      {
        ...{ id: ids['deploy'], name: 'the deploy', kind: 'deploy' },
        why: `Failure: Required parent task ${ids['test']} failed`,
      },
      { id: ids['test'], name: 'the test', kind: 'test', why: 'Failure: broken' },
      { id: ids['notify'], name: 'the notify', kind: 'notify', why: 'Canceled' },
    ],
    skipped: 1,
  });
  const all = await rerun(batchId, { only: 'all', dry_run: true });
  expect([kindsOf(all.json.tasks), all.json.skipped]).toEqual([['deploy', 'build', 'test', 'notify'], 0]);
  expect(all.json.tasks[1].why).toBe('Success');
  expect(await get('/batches')).toHaveLength(1);
});

// proves: http/rerun-nothing
test('204 when nothing is left to run', async () => {
  const { db } = api.database;
  const onStart = call('start');
  const { headers, json } = await api.call('POST', '/task', {
    body: [{ id: 'a', name: 'a', kind: 'k', on_start: onStart }],
  });
  await start(db, await claimUpTo(db, await aWorker(db), 10));
  await succeed(db, json[0].id);
  const batchId = headers.get('x-batch-id')!;
  const answer = await rerun(batchId, {});
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await rerun(batchId, { dry_run: true })).json).toEqual({ tasks: [], skipped: 1 });
  expect((await rerun(batchId, { only: 'all' })).status).toBe(201);
});

// proves: http/rerun-again
test('a rerun can be rerun, and a batch several times: the latest comes first', async () => {
  const { batchId } = await aFinishedBatch();
  const first = (await rerun(batchId)).headers.get('x-batch-id')!;
  const second = (await rerun(batchId)).headers.get('x-batch-id')!;
  expect((await get(`/batch/${batchId}`)).reruns).toEqual([second, first]);
  await api.call('DELETE', `/batch/${first}`);
  const ofFirst = await rerun(first);
  expect(ofFirst.status).toBe(201);
  expect(await get(`/batch/${ofFirst.headers.get('x-batch-id')}`)).toMatchObject({ rerun_of: first });
});

describe('it is refused', () => {
  // proves: http/rerun-refused
  test('for a batch that is unknown, has not finished, has no tasks or is archived', async () => {
    expect((await rerun(UNKNOWN)).status).toBe(404);
    expect((await rerun('x')).status).toBe(404);
    const { headers } = await api.call('POST', '/task', { body: PIPELINE });
    const running = await rerun(headers.get('x-batch-id')!);
    expect([running.status, running.json.code, running.json.error]).toEqual([
      ...[409, 'wrong_state', 'The batch has not finished: tasks of it are still to end'],
    ]);
    const empty = (await api.call('POST', '/task', { body: [] })).headers.get('x-batch-id')!;
    expect([(await rerun(empty)).status, (await rerun(empty)).json.error]).toEqual([
      409,
      'The batch has no tasks',
    ]);
    const { batchId } = await aFinishedBatch();
    await api.database.pool.query('delete from delivery');
    await archiveBatches(api.database.db, { ageSecs: 0, limit: 100 });
    for (const body of [{}, { dry_run: true }]) {
      const { status, json } = await rerun(batchId, body);
      expect([status, json.code]).toEqual([409, 'archived']);
    }
  });

  // proves: http/rerun-refused
  test('whose rules would look at a kind in more ways than there may be', async () => {
    const { batchId } = await aFinishedBatch();
    await api.database.pool.query('delete from shape');
    const ways = Array.from({ length: 32 }, (_, index) => ({
      ...RULE,
      matcher: { ...RULE.matcher, fields: [`f${index}`] },
    }));
    const others = [0, 1, 2, 3].map((index) => ({
      ...{ id: `${index}`, name: 'other', kind: 'other', on_start: call('start') },
      rules: ways.slice(index * 8, index * 8 + 8),
    }));
    expect((await api.call('POST', '/task', { body: others })).status).toBe(201);
    const { status, json } = await rerun(batchId, { only: 'all' });
    expect(status).toBe(400);
    expect(json.details).toEqual(['rules: the rules look at tasks of kind build in more than 32 ways']);
    expect(await get(`/batch/${batchId}`)).toMatchObject({ reruns: [] });
  });

  // proves: http/rerun-refused
  test.each<[unknown, string]>([
    [{ only: 'failed' }, 'only: '],
    [{ dry_run: 'yes' }, 'dry_run: '],
    [[], 'body: '],
    ['{', 'body: '],
  ])('with the body %j, which names the field', async (body, named) => {
    const { batchId } = await aFinishedBatch();
    const { status, json } = await rerun(batchId, body);
    expect(status).toBe(400);
    expect(json.details[0]).toContain(named);
  });
});

describe('with an Idempotency-Key', () => {
  // proves: http/rerun-once
  test('it happens once, however often and from wherever it is asked for', async () => {
    const { batchId } = await aFinishedBatch();
    for (let round = 0; round < 20; round++) {
      const key = { 'idempotency-key': `again ${round}` };
      const answers = await Promise.all(Array.from({ length: 5 }, () => rerun(batchId, undefined, key)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(new Set(answers.map(({ headers }) => headers.get('x-batch-id'))).size).toBe(1);
    }
    expect((await get('/batches?page_size=100')).length).toBe(21);
  });

  // proves: http/rerun-once
  test('that was used for other tasks of the batch, it is 422', async () => {
    const { batchId } = await aFinishedBatch();
    const key = { 'idempotency-key': 'k' };
    expect((await rerun(batchId, { only: 'unsuccessful' }, key)).status).toBe(201);
    expect((await rerun(batchId, { only: 'unsuccessful' }, key)).status).toBe(201);
    // As for POST /task it is the bytes of the body that count.
    for (const body of [{ only: 'all' }, {}, undefined]) {
      const other = await rerun(batchId, body, key);
      expect([other.status, other.json.code]).toEqual([422, 'key_reused']);
    }
    // Another batch is another call.
    const another = await aFinishedBatch();
    expect((await rerun(another.batchId, { only: 'all' }, key)).status).toBe(201);
  });

  // proves: http/rerun-once
  test('it is answered again when the batch has gone to the archive meanwhile', async () => {
    const { batchId } = await aFinishedBatch();
    const key = { 'idempotency-key': 'k' };
    const first = await rerun(batchId, {}, key);
    await api.database.pool.query('delete from delivery');
    await archiveBatches(api.database.db, { ageSecs: 0, limit: 100 });
    const again = await rerun(batchId, {}, key);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await rerun(batchId, {}, { 'idempotency-key': 'other' })).status).toBe(409);
  });

  test('that is too long, it is 400', async () => {
    const { batchId } = await aFinishedBatch();
    expect((await rerun(batchId, {}, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
  });
});
