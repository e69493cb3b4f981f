import { type CuttableWay, createTestDatabase, openWay, type TestDatabase } from '@arcrun/database/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from './connection.ts';
import { classifyFailure } from './failures.ts';
import { commitKnown } from './known-commit.ts';

let real: TestDatabase;
let way: CuttableWay;
/** By a way that can be cut. */
let database: Database;
beforeAll(async () => {
  real = await createTestDatabase(inject('templateUrl'));
  await real.pool.query('create table noted (n integer)');
  way = await openWay(real.url);
  database = openDatabase({
    url: way.url,
    maxSize: 4,
    minIdle: 0,
    acquireTimeoutMs: 20_000,
    applicationName: 'arcrun test',
    onIdleError: () => undefined,
  });
});
beforeEach(() => real.pool.query('truncate noted'));
afterAll(async () => {
  await database.close();
  await way.close();
  await real.close();
});

const noted = async () => (await real.pool.query<{ n: number }>('select n from noted')).rows.length;

/** Breaks the connection of the next COMMIT: before it is sent, or when it has been done and the answer is on its way. */
function breakNextCommit(when: 'before' | 'after'): { count: () => number; restore: () => void } {
  const { pool } = database;
  const connect = pool.connect.bind(pool);
  let broken = 0;
  // oxlint-disable-next-line typescript/no-explicit-any -- wraps what the driver does with a connection
  (pool as any).connect = async () => {
    const client = await connect();
    const query = client.query.bind(client);
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    (client as any).query = async (statement: unknown, ...rest: unknown[]) => {
      const text = typeof statement === 'string' ? statement : (statement as { text?: string }).text;
      if (text !== 'commit' || broken > 0)
        // oxlint-disable-next-line typescript/no-explicit-any -- passes on what was given
        return (query as any)(statement, ...rest);
      broken++;
      if (when === 'after') await query('commit');
      way.cut();
      way.mend();
      return query('select 1');
    };
    return client;
  };
  return { count: () => broken, restore: () => void ((pool as { connect: unknown }).connect = connect) };
}

const note = () => {
  let runs = 0;
  const outcome = commitKnown(database.db, async (trx) => {
    runs++;
    await sql`insert into noted values (1)`.execute(trx);
    return 'value';
  });
  return { outcome, runs: () => runs };
};

// proves: http/put-durable
test('a commit whose answer was lost is known to have happened, and is not made twice', async () => {
  const breaking = breakNextCommit('after');
  try {
    const { outcome, runs } = note();
    expect(await outcome).toBe('value');
    expect(runs()).toBe(1);
    expect(breaking.count()).toBe(1);
  } finally {
    breaking.restore();
  }
  expect(await noted()).toBe(1);
});

// proves: http/put-durable
test('a commit that never arrived fails its caller, and leaves nothing', async () => {
  const breaking = breakNextCommit('before');
  try {
    const { outcome, runs } = note();
    await expect(outcome).rejects.toSatisfy((error) => classifyFailure(error) === 'unavailable');
    expect(runs()).toBe(1);
  } finally {
    breaking.restore();
  }
  expect(await noted()).toBe(0);
});

test('a transaction that fails by itself fails with its own error', async () => {
  const outcome = commitKnown(database.db, async (trx) => {
    await sql`insert into noted values (1)`.execute(trx);
    await sql`select 1 / 0`.execute(trx);
  });
  await expect(outcome).rejects.toThrow('division by zero');
  expect(await noted()).toBe(0);
});

test('one that lost against another is run again', async () => {
  let runs = 0;
  const value = await commitKnown(database.db, async (trx) => {
    runs++;
    await sql`insert into noted values (1)`.execute(trx);
    if (runs < 3)
      await sql.raw(`do $$ begin raise exception 'lost' using errcode = '40001'; end $$`).execute(trx);
    return runs;
  });
  expect(value).toBe(3);
  expect(await noted()).toBe(1);
});
