import { type CuttableWay, createTestDatabase, openWay, type TestDatabase } from '@arcrun/database/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from './connection.ts';
import { classifyFailure } from './failures.ts';
import { commitKnown, commitKnownStatement } from './known-commit.ts';

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

/**
 * Breaks the connection where the commit of the next statement is asked for, or when it has been done; then what else is
 * to happen.
 */
function breakNextSync(when: 'before' | 'after', thenToo = () => undefined as void): () => void {
  const { pool } = database;
  const connect = pool.connect.bind(pool);
  // oxlint-disable-next-line typescript/no-explicit-any -- wraps what the driver does with a connection
  (pool as any).connect = async () => {
    const client = await connect();
    pool.connect = connect;
    // oxlint-disable-next-line typescript/no-explicit-any -- the driver's own field
    const { connection } = client as any;
    const sync = connection.sync.bind(connection);
    connection.sync = async () => {
      connection.sync = sync;
      connection.stream.pause();
      if (when === 'after') {
        sync();
        await expect.poll(noted).toBe(1);
      }
      thenToo();
      connection.stream.destroy(Object.assign(new Error('cut'), { code: 'ECONNRESET' }));
    };
    return client;
  };
  return () => void (pool.connect = connect);
}

const NOTE = `
  with noted as (insert into noted values (1) returning n)
  select json_build_object('n', n, 'given', $1::text, 'xid', pg_current_xact_id()::text) from noted`;
const noteByStatement = () =>
  commitKnownStatement<{ n: number; given: string; xid: string }>(database.db, { text: NOTE, values: ['é'] });

describe('a transaction of one statement', () => {
  test('gives its row when it has committed', async () => {
    expect(await noteByStatement()).toEqual({ n: 1, given: 'é', xid: expect.any(String) });
    expect(await noted()).toBe(1);
  });

  // proves: http/put-durable
  test('is known to have committed when the answer was lost', async () => {
    const restore = breakNextSync('after');
    try {
      expect(await noteByStatement()).toMatchObject({ n: 1 });
    } finally {
      restore();
    }
    expect(await noted()).toBe(1);
  });

  // proves: http/put-durable
  test('fails its caller when its commit never arrived, and leaves nothing', async () => {
    const restore = breakNextSync('before');
    try {
      await expect(noteByStatement()).rejects.toSatisfy((error) => classifyFailure(error) === 'unavailable');
    } finally {
      restore();
    }
    expect(await noted()).toBe(0);
  });

  test('is in doubt when Postgres stays away, which is not said to be a failure', async () => {
    const restore = breakNextSync('after', () => way.cut());
    try {
      await expect(noteByStatement()).rejects.toSatisfy((error) => classifyFailure(error) === 'in doubt');
    } finally {
      restore();
      way.mend();
    }
    expect(await noted()).toBe(1);
  });

  test('fails with its own error, and its connection serves the next one', async () => {
    const one = real.open(1);
    const run = (text: string, value = '1') =>
      commitKnownStatement<{ xid: string; n?: number }>(one.db, { text, values: [value] });
    await expect(run('select 1 / $1::integer', '0')).rejects.toThrow('division by zero');
    await expect(run('select nonsense where $1')).rejects.toThrow('nonsense');
    await expect(run('select 1 where $1::integer = 2')).rejects.toThrow('no row');
    expect(await run(`select json_build_object('n', $1::integer)`, '7')).toEqual({ n: 7 });
    expect(one.pool.totalCount).toBe(1);
  });

  test('fails in the middle of a long value, and its connection serves the next one', async () => {
    const one = real.open(1);
    const long = new Uint8Array(50_000_000).fill(0x20);
    const outcome = commitKnownStatement(one.db, { text: 'select nonsense || $1::text', values: [long] });
    await expect(outcome).rejects.toThrow('nonsense');
    const row = commitKnownStatement(one.db, {
      text: `select json_build_object('n', $1::integer)`,
      values: ['7'],
    });
    expect(await row).toEqual({ n: 7 });
    expect(one.pool.totalCount).toBe(1);
  });

  test('fails with the error of its commit, and its connection serves the next one', async () => {
    const one = real.open(1);
    await one.pool.query(`
      create table late (n integer unique deferrable initially deferred);
      insert into late values (1)`);
    const insert = (n: number) =>
      commitKnownStatement<{ xid: string }>(one.db, {
        text: `with added as (insert into late values ($1::integer) returning n) select json_build_object('n', n) from added`,
        values: [String(n)],
      });
    await expect(insert(1)).rejects.toMatchObject({ code: '23505' });
    expect(await insert(2)).toEqual({ n: 2 });
    expect(one.pool.totalCount).toBe(1);
  });

  test('is run again when it lost against another', async () => {
    await real.pool.query(`
      create sequence attempts;
      create function lose_twice() returns integer language plpgsql as $$ begin
        if nextval('attempts') < 3 then raise exception 'lost' using errcode = '40001'; end if;
        return currval('attempts');
      end $$`);
    const row = await commitKnownStatement<{ n: number; xid: string }>(database.db, {
      text: `select json_build_object('n', lose_twice())`,
      values: [],
    });
    expect(row).toEqual({ n: 3 });
  });
});
