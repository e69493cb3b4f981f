import { submit, until, useTestDatabase } from '@arcrun/database/testing';
import { expect, test } from 'vitest';
import { vacuumQueues } from './vacuum-queues.ts';

const database = useTestDatabase();

test('what lists search by is put in its place', async () => {
  const left = async (): Promise<number> => {
    const { rows } = await database.pool.query<{ pages: number }>(
      `select gin_clean_pending_list('task_by_content')::integer as pages`,
    );
    return rows[0]!.pages;
  };
  await submit(database.db, { task: {} });
  expect(await left()).toBe(1);
  await submit(database.db, { task: {} });
  await vacuumQueues(database.db);
  expect(await left()).toBe(0);
});

const pages = async (): Promise<number> => {
  const { rows } = await database.pool.query<{ n: number }>(
    `select (pg_relation_size('place_change') / 8192)::integer as n`,
  );
  return rows[0]!.n;
};

test('tables in which many rows have died are cleaned up, so that they do not grow', async () => {
  await database.pool.query('alter table place_change set (autovacuum_enabled = false)');
  expect(await vacuumQueues(database.db)).toEqual([]);
  const passThrough = () =>
    database.pool.query(
      `insert into place_change select gen_random_uuid(), 1 from generate_series(1, 5000); delete from place_change`,
    );
  await passThrough();
  const once = await pages();
  for (let round = 0; round < 3; round++) {
    // What has died is told with a delay.
    let cleaned: string[] = [];
    await until('the dead rows are known', async () => {
      cleaned = await vacuumQueues(database.db);
      return cleaned.length > 0;
    });
    expect(cleaned).toEqual(['place_change']);
    await passThrough();
  }
  expect(await pages()).toBe(once);
});
