import {
  aBatch,
  anAction,
  batchRow,
  deliveriesOf,
  findViolations,
  stateOf,
  statusesOf,
  submit,
  type TaskSpec,
  writeBatch,
  useTestDatabase,
} from '@arcrun/database/testing';
import { describe, expect, test } from 'vitest';
import { findActions } from './find-actions.ts';
import { findTask } from './find-task.ts';

const database = useTestDatabase();

// proves: lifecycle/created-waiting
test('tasks without parents are Pending, the others wait', async () => {
  const { batch } = aBatch({ a: {}, b: { needs: ['a'] }, c: { follows: ['a', 'b'] } });
  const created = await writeBatch(database.db, batch);
  expect(created).toMatchObject({ pending: 1, notified: 0 });
  expect(created.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(await statusesOf(database.db, batch.id)).toEqual({ a: 'Pending', b: 'Waiting', c: 'Waiting' });
  expect(await findViolations(database.db)).toEqual([]);
});

// proves: webhooks/batch-complete-empty
test('a batch without tasks is complete at once, and tells so', async () => {
  const { batch } = aBatch({}, { postedAsObject: true, onComplete: [anAction('done'), anAction('also')] });
  expect(await writeBatch(database.db, batch)).toMatchObject({ pending: 0, notified: 2 });
  const row = await batchRow(database.db, batch.id);
  expect(row).toMatchObject({ total_tasks: 0, open_tasks: 0, status_counts: {} });
  expect(row.completed_at).toEqual(row.created_at);
  expect(await deliveriesOf(database.db, batch.id)).toMatchObject([
    { trigger: 'BatchComplete', position: 0, status: 'Pending' },
    { trigger: 'BatchComplete', position: 1, status: 'Pending' },
  ]);
});

test('ten thousand tasks are one batch', async () => {
  const tasks: Record<string, TaskSpec> = {};
  for (let n = 0; n < 10_000; n++) tasks[`t${n}`] = n === 0 ? {} : { needs: [`t${(n - 1) >> 1}`] };
  const { id } = await submit(database.db, tasks);
  expect(await batchRow(database.db, id)).toMatchObject({ total_tasks: 10_000, open_tasks: 10_000 });
  const statuses = await statusesOf(database.db, id);
  expect(Object.keys(statuses)).toHaveLength(10_000);
  expect(Object.values(statuses).filter((status) => status === 'Pending')).toHaveLength(1);
  expect(await findViolations(database.db)).toEqual([]);
});

test('equal actions are stored once, within a batch and across batches', async () => {
  const body = '{"n":12345678901234567890}';
  const spec = { onStart: anAction('same', body), onSuccess: [anAction('same', body), anAction('other')] };
  await submit(database.db, { a: spec, b: spec }, { onComplete: [anAction('other')] });
  await submit(database.db, { a: spec });
  const rows = await database.db.selectFrom('action').select(['url']).orderBy('url').execute();
  expect(rows.map((row) => row.url)).toEqual([
    'https://receiver.example/other',
    'https://receiver.example/same',
  ]);
});

test('two batches that bring the same new actions at once both succeed', async () => {
  const actions = Array.from({ length: 20 }, (_, n) => anAction(`action-${n}`));
  for (let round = 0; round < 20; round++) {
    await database.clear();
    await Promise.all(
      [actions, actions.toReversed(), actions].map((onSuccess) => submit(database.db, { a: { onSuccess } })),
    );
    const { count } = await database.db
      .selectFrom('action')
      .select((select) => select.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(21);
  }
});

// proves: settings/secrets-returned
test('an action comes back as it was given', async () => {
  const action = {
    url: 'https://receiver.example/"quoted"?ä=%20#end',
    verb: 'Put',
    headers: '{"X-B":"2","X-A":"\\"1\\""}',
    body: '{ "b" : 12345678901234567890, "a": [1.10, null] }',
    retry: null,
    key: 'as given',
  };
  const { ids } = await submit(database.db, { a: { onStart: action } });
  const { on_start: hash } = await database.db
    .selectFrom('task')
    .select('on_start')
    .where('id', '=', ids.a)
    .executeTakeFirstOrThrow();
  const { key: _, retry: __, ...given } = action;
  expect(await findActions(database.db, [hash.toString('hex')])).toEqual([
    { hash: hash.toString('hex'), ...given, maxAttempts: null, backoffSecs: null },
  ]);
});

test('an action without headers and body has none', async () => {
  await submit(database.db, { a: { onStart: { ...anAction('bare'), headers: null, body: null } } });
  const { rows } = await database.pool.query('select headers is null as h, body is null as b from action');
  expect(rows).toEqual([{ h: true, b: true }]);
});

describe('what a task carries', () => {
  // proves: http/digits
  test('metadata keep their digits, and awkward texts their characters', async () => {
    const metadata = '{"big": 9223372036854775807, "bigger": 123456789012345678901234567890, "__proto__": 1}';
    const name = 'q"uo\'te \\ ü 🙂 %_';
    const { ids } = await submit(database.db, { a: { metadata, name, kind: 'k"\\' } });
    const json = await findTask(database.db, ids.a);
    expect(json).toContain('9223372036854775807');
    expect(json).toContain('123456789012345678901234567890');
    expect(json).toContain('"__proto__"');
    expect(JSON.parse(json!)).toMatchObject({ name, kind: 'k"\\' });
  });

  test('every field arrives', async () => {
    const { ids, id } = await submit(database.db, {
      first: {},
      a: {
        kind: 'etl',
        timeoutSecs: 7,
        priority: -3,
        expectedCount: 12,
        deadEndBarrier: true,
        needs: ['first'],
      },
    });
    expect(await stateOf(database.db, ids.a)).toMatchObject({
      batch_id: id,
      position: 1,
      timeout_secs: 7,
      priority: -3,
      expected_count: 12,
      open_parents: 1,
      claim: 0,
    });
    expect(JSON.parse((await findTask(database.db, ids.a))!)).toMatchObject({
      kind: 'etl',
      timeout: 7,
      priority: -3,
      expected_count: 12,
      dead_end_barrier: true,
      metadata: null,
      failure_reason: null,
    });
  });
});

// proves: http/create-all-or-nothing
test('all or nothing: a batch with a bad row leaves nothing behind', async () => {
  const { batch } = aBatch({ a: {}, b: { expectedCount: -1, onStart: anAction('only-here') } });
  await expect(writeBatch(database.db, batch)).rejects.toMatchObject({ code: '23514' });
  const { rows } = await database.pool.query(`
    select (select count(*) from batch) + (select count(*) from task) + (select count(*) from action) as rows`);
  expect(rows).toEqual([{ rows: '0' }]);
});
