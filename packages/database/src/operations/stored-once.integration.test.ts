import { anAction, submit, type TaskSpec, useTestDatabase } from '@arcrun/database/testing';
import { expect, test } from 'vitest';
import { changeRules } from './change-rules.ts';
import { forgetUnused } from './forget-unused.ts';

// Actions and rule sets are found by their content and stored once, whatever task or batch they come with.

const database = useTestDatabase();

interface Sizes {
  readonly actions: number;
  readonly ruleSets: number;
  /** Of the tables that hold them, with their indexes. */
  readonly bytes: number;
}
const sizes = async (): Promise<Sizes> => {
  const { rows } = await database.pool.query<Sizes>(`
    select (select count(*) from action)::integer as actions, (select count(*) from rule_set)::integer as "ruleSets",
           (pg_total_relation_size('action') + pg_total_relation_size('rule_set'))::integer as bytes`);
  return rows[0]!;
};

const RULE = {
  type: 'Concurency',
  max_concurency: 3,
  matcher: { status: 'Running', kind: 'test', fields: [] },
} as const;
/** Long enough to be seen in the size of a table, were it stored again and again. */
const body = JSON.stringify({ text: 'x'.repeat(2000) });
const aTask = (name: string): TaskSpec => ({
  onStart: anAction(`start ${name}`, body),
  onSuccess: [anAction('told', body)],
  rules: [RULE],
});

// proves: http/stored-once
test('10,000 tasks with the same rule and the same actions', async () => {
  await submit(database.db, { a: aTask('same') });
  const one = await sizes();
  expect(one).toMatchObject({ actions: 2, ruleSets: 1 });
  await submit(
    database.db,
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`t${index}`, aTask('same')])),
  );
  expect(await sizes()).toEqual(one);
});

// proves: http/stored-once
test('1,000 batches of the same workflow', async () => {
  const workflow = { extract: aTask('extract'), load: { ...aTask('load'), needs: ['extract'] } };
  const onComplete = [anAction('complete', body)];
  await submit(database.db, workflow, { onComplete });
  const one = await sizes();
  expect(one).toMatchObject({ actions: 4, ruleSets: 1 });
  for (let batch = 1; batch < 1000; batch++) await submit(database.db, workflow, { onComplete });
  expect(await sizes()).toEqual(one);
});

// proves: http/stored-once-live-changes
test('new rules of one batch do not reach another that came with the same', async () => {
  const [first, second] = [
    await submit(database.db, { a: aTask('a') }),
    await submit(database.db, { a: aTask('a') }),
  ];
  await changeRules(database.db, { batchId: first.id, kind: 'test', rules: [] });
  const { rows } = await database.pool.query<{ id: string; has: boolean }>(
    'select batch_id as id, rules is not null as has from task_state order by created_at',
  );
  expect(rows).toEqual([
    { id: first.id, has: false },
    { id: second.id, has: true },
  ]);
});

// proves: http/stored-once
test('equal but for the retries of a call they are two', async () => {
  await submit(database.db, {
    a: { onStart: anAction('start') },
    b: { onStart: anAction('start', null, { maxAttempts: 3, backoffSecs: null }) },
  });
  expect(await sizes()).toMatchObject({ actions: 2 });
  expect(await forgetUnused(database.db, { ageSecs: 0, limit: 10 })).toBe(0);
});
