import { type DeliveryRow, findBatch, findDag, findTask, listDeliveries, listTasks } from '@arcrun/database';
import {
  anAction,
  aWorker,
  type BuiltBatch,
  claimUpTo,
  createTestDatabase,
  findViolations,
  start,
  submit,
  succeed,
  type TestDatabase,
  toNameWords,
} from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadHistory } from './load-history.ts';

let database: TestDatabase;
/** Went the usual way. */
let real: BuiltBatch<'template' | 'child'>;

beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
  const { db, pool } = database;
  const spec = { timeoutSecs: 60, expectedCount: 10 };
  real = await submit(
    db,
    {
      template: {
        ...spec,
        metadata: '{"tenant": "t", "shard": 1, "order": 1}',
        onSuccess: [anAction('told')],
      },
      child: { ...spec, needs: ['template'] },
    },
    { postedAsObject: true, scope: 'real', metadata: '{"owner": "o", "run": 1}' },
  );
  const worker = await aWorker(db);
  for (const id of [real.ids.template, real.ids.child]) {
    await start(db, await claimUpTo(db, worker, 1));
    await succeed(db, id);
  }
  // As it is when it has been delivered.
  await pool.query(
    `update delivery set status = 'Success', attempts = 1, next_attempt_at = null, waits_for_worker = null`,
  );
  await loadHistory(pool, { batches: 300, liveBatches: 20, templateTaskId: real.ids.template });
}, 60_000);
afterAll(() => database.close());

test('what is loaded breaks no rule of the database', async () => {
  const { rows } = await database.pool.query(
    `select count(*)::integer as batches, sum(total_tasks)::integer as tasks,
            count(*) filter (where completed_at is null)::integer as live from batch`,
  );
  expect(rows).toEqual([{ batches: 301, tasks: 30_002, live: 20 }]);
  expect(await findViolations(database.db)).toEqual([]);
});

test('batches know the words of their names', async () => {
  const { rows } = await database.pool.query<{ words: string; names: string[] }>(
    `select b.name_words as words, array_agg(t.name) as names from batch b join task t on t.batch_id = b.id
     group by b.id`,
  );
  const inOrder = (words: string | null) => words?.split(' ').toSorted();
  for (const { words, names } of rows) expect(inOrder(words)).toEqual(inOrder(toNameWords(names)));
});

test('it answers in the shape of what was created', async () => {
  const { db, pool } = database;
  const page = { size: 10, offset: 0, after: null };
  const LIMIT_MS = 10_000;
  const { rows } = await pool.query<{ id: string; batch_id: string }>(
    `select t.id, t.batch_id from task t join task_state s on s.id = t.id join batch b on b.id = t.batch_id
     where t.position = 0 and s.status = 'Success' and s.expected_count is not null and t.metadata is not null
       and b.total_tasks = 91 and b.completed_at is not null and b.id <> $1
       and exists (select from link where parent_id = t.id)
     limit 1`,
    [real.id],
  );
  const [loaded] = rows;
  const answersOf = async (taskId: string, batchId: string) => {
    const deliveries = await listDeliveries(db, { taskId }, page, LIMIT_MS);
    const tasks = JSON.parse((await listTasks(db, { batchId }, page, LIMIT_MS)).json) as unknown[];
    return {
      task: shapeOf(JSON.parse((await findTask(db, taskId))!)),
      batch: shapeOf(JSON.parse((await findBatch(db, batchId))!)),
      dag: shapeOf(JSON.parse(await findDag(db, batchId))),
      inList: shapeOf(tasks[0]),
      delivery: deliveries.rows.map((row: DeliveryRow) => shapeOf(row)),
    };
  };
  expect(await answersOf(loaded!.id, loaded!.batch_id)).toEqual(await answersOf(real.ids.template, real.id));
});

/** What is there and of which type; of an array the first, since all are alike. */
function shapeOf(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value === null ? null : typeof value;
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}
