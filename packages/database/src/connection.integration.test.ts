import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTestDatabase, openWay, type TestDatabase } from '@arcrun/database/testing';
import { BreakerOpenError, DatabaseBreaker } from './breaker.ts';
import { openDatabase } from './connection.ts';
import { classifyFailure } from './failures.ts';

let real: TestDatabase;
beforeAll(async () => {
  real = await createTestDatabase(inject('templateUrl'));
});
afterAll(() => real.close());

// proves: webhooks/database-breaker
test('a database that is gone is refused at once, and used again by itself when it is back', async () => {
  const way = await openWay(real.url);
  const states: string[] = [];
  const breaker = new DatabaseBreaker({
    failureThreshold: 3,
    failureWindowSecs: 10,
    recoveryTimeoutSecs: 30,
    successThreshold: 2,
    onChange: (state) => states.push(state),
    onRejection: () => undefined,
  });
  const database = openDatabase({
    url: way.url,
    maxSize: 4,
    minIdle: 0,
    acquireTimeoutMs: 5000,
    acquireRetries: 1,
    applicationName: 'arcrun test',
    onIdleError: () => undefined,
    breaker,
  });
  const ask = () =>
    sql`select 1`.execute(database.db).then(
      () => 'answered',
      (error: unknown) => error,
    );
  try {
    expect(await ask()).toBe('answered');
    way.cut();
    const outcomes: unknown[] = [];
    while (!(outcomes.at(-1) instanceof BreakerOpenError)) outcomes.push(await ask());
    expect(outcomes.length).toBeLessThanOrEqual(3);
    for (const outcome of outcomes) expect(classifyFailure(outcome)).toBe('unavailable');
    expect(states).toEqual(['open']);
    const beganMs = performance.now();
    const refused = await ask();
    // Asking for a connection would take longer.
    expect(performance.now() - beganMs).toBeLessThan(1000);
    expect(classifyFailure(refused)).toBe('unavailable');
    way.mend();
    await expect.poll(ask, { timeout: 10_000 }).toBe('answered');
    expect(states).toEqual(['open', 'closed']);
  } finally {
    await database.close();
    await way.close();
  }
});

test('a query that is wrong says nothing about the database', async () => {
  const breaker = new DatabaseBreaker({
    failureThreshold: 1,
    failureWindowSecs: 10,
    recoveryTimeoutSecs: 30,
    successThreshold: 1,
    onChange: (state) => expect.unreachable(state),
    onRejection: () => undefined,
  });
  const database = openDatabase({
    url: real.url,
    maxSize: 1,
    minIdle: 0,
    acquireTimeoutMs: 5000,
    applicationName: 'arcrun test',
    onIdleError: () => undefined,
    breaker,
  });
  try {
    await expect(sql`select 1 / 0`.execute(database.db)).rejects.toThrow('division by zero');
    await expect(sql`select 1`.execute(database.db)).resolves.toBeDefined();
  } finally {
    await database.close();
  }
});

test('a server that has vanished without a word is given up, and what it left undone fails', async () => {
  const way = await openWay(real.url);
  const database = openDatabase({
    url: way.url,
    maxSize: 4,
    minIdle: 0,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 1000,
    applicationName: 'arcrun test',
    onIdleError: () => undefined,
  });
  try {
    // So that there are connections to lose.
    await Promise.all(Array.from({ length: 3 }, () => sql`select pg_sleep(0.1)`.execute(database.db)));
    const beganMs = performance.now();
    const outcomes = await Promise.allSettled([
      database.db.transaction().execute(async (trx) => {
        await sql`select 1`.execute(trx);
        way.stall(['to server', 'to client']);
        await sql`select 2`.execute(trx);
      }),
      sql`select pg_sleep(0.5)`.execute(database.db),
      database.db.runOwnTransaction(
        { text: 'select pg_sleep(0.5)::text || $1', values: ['x'] },
        () => undefined,
      ),
    ]);
    expect(outcomes.map((outcome) => 'reason' in outcome && classifyFailure(outcome.reason))).toEqual(
      Array.from({ length: 3 }, () => 'unavailable'),
    );
    expect(performance.now() - beganMs).toBeLessThan(5000);
    way.mend();
    await expect(sql`select 1`.execute(database.db)).resolves.toBeDefined();
  } finally {
    await database.close();
    await way.close();
  }
});

test('a statement that takes too long is canceled, and the next one has another connection', async () => {
  const database = openDatabase({
    url: real.url,
    maxSize: 1,
    minIdle: 1,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 300,
    applicationName: 'arcrun test too long',
    onIdleError: () => expect.unreachable('the connection was given up'),
  });
  try {
    await expect(sql`select pg_sleep(20)`.execute(database.db)).rejects.toSatisfy(
      (error) => classifyFailure(error) === 'too slow',
    );
    const { rows } = await real.pool.query(
      `select from pg_stat_activity where application_name = 'arcrun test too long' and state = 'active'`,
    );
    expect(rows).toEqual([]);
    // A cancel that comes late meets nobody.
    expect(database.pool.totalCount).toBe(0);
    await sql`select 1`.execute(database.db);
  } finally {
    await database.close();
  }
});

test('a statement that is answered in time has nothing to do with how old its connection is', async () => {
  const database = openDatabase({
    url: real.url,
    maxSize: 1,
    minIdle: 1,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 500,
    applicationName: 'arcrun test',
    onIdleError: () => expect.unreachable('the connection was given up'),
  });
  try {
    for (let n = 0; n < 3; n++) await sql`select pg_sleep(0.3)`.execute(database.db);
  } finally {
    await database.close();
  }
});

test('a connection that breaks between two statements fails its transaction, and nothing else', async () => {
  const way = await openWay(real.url);
  const database = openDatabase({
    url: way.url,
    maxSize: 1,
    minIdle: 0,
    acquireTimeoutMs: 5000,
    applicationName: 'arcrun test',
    onIdleError: () => undefined,
  });
  try {
    const transaction = database.db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx);
      way.cut();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await sql`select 2`.execute(trx);
    });
    await expect(transaction).rejects.toSatisfy((error) => classifyFailure(error) === 'unavailable');
    way.mend();
    await expect(sql`select 1`.execute(database.db)).resolves.toBeDefined();
  } finally {
    await database.close();
    await way.close();
  }
});
