import type { Rule } from '@arcrun/domain';
import {
  anAction,
  aWorker,
  cancel,
  claimAll,
  fail,
  nextId,
  run,
  start,
  submit,
  succeed,
  SAMPLE_NOW,
  useTestDatabase,
} from '@arcrun/database/testing';
import { beforeEach, expect, test } from 'vitest';
import { archiveBatches } from './archive-batches.ts';
import { findOverview } from './find-overview.ts';
import { openBreaker } from './open-breaker.ts';
import { renewWorkerLease } from './renew-worker-lease.ts';
import { reportEnds } from './report-ends.ts';
import { takeSample } from './take-sample.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

interface Minute {
  readonly at: string;
  readonly created: number | null;
  readonly succeeded: number | null;
  readonly failed: number | null;
  readonly canceled: number | null;
  readonly pending: number | null;
  readonly running: number | null;
}

// oxlint-disable-next-line typescript/no-explicit-any -- the test looks into all of it
async function overview(): Promise<any> {
  return JSON.parse(await findOverview(database.db));
}

/** A sample taken now, and the overview then. */
async function sampled() {
  await takeSample(database.db, SAMPLE_NOW);
  return overview();
}

/** All that has been sampled was `minutes` earlier. */
const letPass = (minutes: number) =>
  database.pool.query(`
    create temp table moved as select * from sample_minute;
    truncate sample_minute;
    update moved set at = at - interval '${minutes} minutes';
    insert into sample_minute select * from moved;
    drop table moved`);

test('without a sample it is empty, with one point for each minute', async () => {
  const shown = await overview();
  expect(shown).toMatchObject({
    sampled_at: null,
    oldest_pending: null,
    kinds: [],
    rules: [],
    deliveries: { pending: 0, exhausted: 0 },
  });
  expect(shown.workers).toMatchObject([{ id: worker, claimed: 0, delivering: 0 }]);
  expect(shown.series).toHaveLength(60);
  const times = shown.series.map(({ at }: Minute) => Date.parse(at));
  expect(times).toEqual(Array.from({ length: 60 }, (_, n) => times[0] + n * 60_000));
  expect(shown.series[59]).toMatchObject({ created: null, pending: null });
});

/** The sums of the hour and how it stood last, so that it does not matter in which minute the test runs. */
function hourOf(series: readonly Minute[]) {
  const known = series.filter(({ created }) => created !== null);
  const sum = (name: 'created' | 'succeeded' | 'failed' | 'canceled') =>
    known.reduce((total, minute) => total + (minute[name] ?? 0), 0);
  const { pending, running } = known.at(-1)!;
  return {
    created: sum('created'),
    succeeded: sum('succeeded'),
    failed: sum('failed'),
    canceled: sum('canceled'),
    pending,
    running,
  };
}

const countRows = async (where: string): Promise<number> => {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::integer as n from sample_minute where ${where}`,
  );
  return rows[0]!.n;
};

test('each minute tells what happened in it, what was archived meanwhile too', async () => {
  const before = await submit(database.db, { old: {} });
  await run(database.db, worker);
  await succeed(database.db, before.ids.old);
  // What was there before the first sample did not happen in its minute.
  expect(hourOf((await sampled()).series)).toMatchObject({ created: 0, succeeded: 0 });

  await letPass(5);
  const { ids } = await submit(database.db, { a: {}, b: {}, c: {}, d: {}, e: {} });
  await run(database.db, worker, [ids.a, ids.b, ids.d]);
  await succeed(database.db, ids.a);
  await fail(database.db, ids.b);
  await cancel(database.db, ids.c);
  const happened = { created: 5, succeeded: 1, failed: 1, canceled: 1, pending: 1, running: 1 };
  expect(hourOf((await sampled()).series)).toEqual(happened);
  await archiveBatches(database.db, { ageSecs: 0, limit: 10 });
  const { series } = await sampled();
  expect(hourOf(series)).toEqual(happened);
  const unknown = series.filter(({ created }: Minute) => created === null);
  expect(unknown.length).toBeGreaterThan(50);
  expect(unknown[0]).toMatchObject({ created: null, pending: null, running: null });

  // What came while nobody took samples is told by the first one after it.
  await letPass(90);
  await submit(database.db, { f: {} });
  expect(hourOf((await sampled()).series)).toMatchObject({ created: 1, succeeded: 0, pending: 2 });
  expect(await countRows(`at < now() - interval '80 minutes'`)).toBeGreaterThan(1);
  await letPass(24 * 60);
  await sampled();
  expect(await countRows(`at < now() - interval '25 hours'`)).toBe(0);
});

test('the task that has been Pending for longest, also one that can never start', async () => {
  const needsTenant: Rule = {
    type: 'Concurency',
    max_concurency: 1,
    matcher: { status: 'Running', kind: 'test', fields: ['tenant'] },
  };
  const { ids } = await submit(database.db, { stuck: { rules: [needsTenant], priority: -5 } });
  await submit(database.db, { later: { kind: 'other', priority: 5 } });
  expect((await sampled()).oldest_pending).toEqual({
    id: ids.stuck,
    name: 'stuck',
    kind: 'test',
    since: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('the busiest kinds: what runs and waits now, and what each process says has ended', async () => {
  const { ids } = await submit(database.db, { a: { kind: 'etl' }, b: { kind: 'etl' }, c: { kind: 'mail' } });
  await run(database.db, worker, [ids.a]);
  await reportEnds(database.db, []);
  await reportEnds(database.db, [
    { kind: 'etl', ended: 3, failed: 1 },
    { kind: 'gone', ended: 9, failed: 0 },
  ]);
  await reportEnds(database.db, [{ kind: 'etl', ended: 2, failed: 2 }]);
  expect((await sampled()).kinds).toEqual([
    { kind: 'gone', running: 0, pending: 0, ended: 9, failed: 0 },
    { kind: 'etl', running: 1, pending: 1, ended: 5, failed: 3 },
    { kind: 'mail', running: 0, pending: 1, ended: 0, failed: 0 },
  ]);
  await database.pool.query(`update kind_ends set at = at - interval '65 minutes'`);
  expect((await overview()).kinds).not.toContainEqual(expect.objectContaining({ kind: 'gone' }));
  await reportEnds(
    database.db,
    Array.from({ length: 30 }, (_, n) => ({ kind: `kind ${n}`, ended: n + 1, failed: 0 })),
  );
  const { kinds } = await overview();
  expect(kinds).toHaveLength(20);
  expect(kinds[0]).toMatchObject({ kind: 'kind 29', ended: 30 });
});

test('processes that report the same kinds at once do not stand in the way of each other', async () => {
  const kinds = Array.from({ length: 20 }, (_, n) => ({ kind: `kind ${n}`, ended: 1, failed: 0 }));
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => reportEnds(database.db, n % 2 === 0 ? kinds : kinds.toReversed())),
  );
  const shown = await overview();
  expect(shown.kinds.map(({ ended }: { ended: number }) => ended)).toEqual(kinds.map(() => 20));
});

const perTenant = (limit: number): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status: 'Running', kind: 'etl', fields: ['tenant'] },
});

test('the fullest rules, with the values they are full for, digit for digit', async () => {
  const tenant = '{"tenant": 9007199254740993}';
  const etl = { kind: 'etl', metadata: tenant, rules: [perTenant(2)] };
  const free = { kind: 'etl', metadata: '{"tenant": "free"}', rules: [perTenant(2)] };
  const capacity: Rule = {
    type: 'Capacity',
    max_capacity: 100,
    matcher: { status: 'Running', kind: 'load', fields: [] },
  };
  await submit(database.db, { a: etl, b: etl, c: etl, d: etl, e: etl, f: free });
  await submit(database.db, { g: { kind: 'load', expectedCount: 30, rules: [capacity] } });
  await submit(database.db, { h: { kind: 'down', onStart: anAction('down') } });
  await openBreaker(database.db, 'https://down.example', 60);
  await run(database.db, worker);
  // A second round finds what the first has filled.
  await claimAll(database.db, worker);
  await takeSample(database.db, SAMPLE_NOW);
  expect(await findOverview(database.db)).toMatch(/"tenant" ?: ?9007199254740993/);
  const shared = { type: 'Concurency', status: 'Running', kind: 'etl', fields: ['tenant'], limit: 2 };
  const { rules } = await overview();
  expect(rules).toMatchObject([
    { ...shared, occupancy: 2, waiting: 3 },
    { ...shared, values: { tenant: 'free' }, occupancy: 1, waiting: 0 },
    { type: 'Capacity', kind: 'load', fields: [], values: {}, occupancy: 30, limit: 100, waiting: 0 },
  ]);
});

test('values too long to show are left out', async () => {
  const metadata = JSON.stringify({ tenant: 'x'.repeat(5000) });
  await submit(database.db, { a: { kind: 'etl', metadata, rules: [perTenant(1)] } });
  await run(database.db, worker);
  const { rules } = await sampled();
  expect(rules).toMatchObject([{ fields: ['tenant'], values: null, occupancy: 1, limit: 1 }]);
});

test('the workers and what they hold, one that is gone too', async () => {
  const gone = nextId();
  await renewWorkerLease(database.db, { id: gone, host: 'gone', pid: 7 }, -5);
  const done = await submit(database.db, {
    a: { onSuccess: [anAction('told'), anAction('too')] },
    b: {},
    c: {},
  });
  const claims = await claimAll(database.db, worker);
  await start(
    database.db,
    claims.filter(({ id }) => id === done.ids.a),
  );
  await succeed(database.db, done.ids.a);
  await database.pool.query(
    `update delivery set worker_id = $1, next_attempt_at = now() + interval '1 minute' where position = 0`,
    [worker],
  );
  const { workers, deliveries, now } = await sampled();
  expect(workers).toMatchObject([
    { id: worker, claimed: 2, delivering: 1 },
    { id: gone, host: 'gone', pid: 7, claimed: 0, delivering: 0 },
  ]);
  expect(Date.parse(workers[0].lease_until)).toBeGreaterThan(Date.parse(now));
  expect(Date.parse(workers[1].lease_until)).toBeLessThan(Date.parse(now));
  expect(deliveries).toEqual({ pending: 2, exhausted: 0 });
  await database.pool.query(`update delivery set status = 'Exhausted', next_attempt_at = null`);
  expect((await sampled()).deliveries).toEqual({ pending: 0, exhausted: 2 });
});
