import { setTimeout as delay } from 'node:timers/promises';
import { asAdmin } from '@arcrun/database/testing';
import { afterEach, expect, test } from 'vitest';
import { expectWithstood, type FaultContext } from './run-fault.ts';
import { recordRun } from './report/recorded-run.ts';
import { cutConnections } from './system/make-faults.ts';
import { type OwnPostgres, startOwnPostgres } from './system/own-postgres.ts';
import { mountSmallDisk } from './system/small-disk.ts';

const ROLE = 'limited';
const PATIENCE_MS = 2000;
/** Room for the tables of a run, and some more. */
const SMALL_DISK_MB = 192;

let postgres: OwnPostgres | undefined;
afterEach(async () => {
  await postgres?.stop();
  postgres = undefined;
});

test('stopped at once, and restarted', async () => {
  const own = (postgres = await startOwnPostgres());
  await expectWithstood({
    name: 'Postgres is stopped at once (`immediate`) for 8 s',
    stack: { templateUrl: own.templateUrl },
    recoveryLimitMs: 10_000,
    async make(context) {
      await own.crash();
      const goneMs = performance.now();
      await delay(8000);
      await own.restart();
      expectQuickRefusals(context, goneMs);
      expectNoProcessEnded(context);
    },
  });
});

test('all its connections cut, again and again', async () => {
  await expectWithstood({
    name: 'all connections to Postgres are cut, five times',
    recoveryLimitMs: 10_000,
    async make(context) {
      for (let cut = 0; cut < 5; cut++) {
        await cutConnections(context.stack);
        await delay(700);
      }
      expectNoProcessEnded(context);
    },
  });
});

test('rows locked by somebody else', () =>
  expectWithstood({
    name: 'somebody locks the rows of all tasks for 8 s',
    recoveryLimitMs: 10_000,
    async make({ stack }) {
      const client = await stack.database.pool.connect();
      await client.query('begin');
      await client.query('select from task_state order by id for update');
      await delay(8000);
      await client.query('rollback');
      client.release();
    },
  }));

test('no connection can be had', async () => {
  const own = (postgres = await startOwnPostgres());
  // It may do what the owner may, but is held to a limit as no superuser is.
  const { username, password } = new URL(own.server.url);
  await asAdmin(own.server.url, (client) =>
    client.query(`create role ${ROLE} login password '${password}'; grant ${username} to ${ROLE}`),
  );
  const limitConnections = (limit: number) =>
    asAdmin(own.server.url, (client) => client.query(`alter role ${ROLE} connection limit ${limit}`));
  await expectWithstood({
    name: 'Postgres has no connection to give for 8 s',
    stack: { templateUrl: own.templateUrl, ways: { database: asRole } },
    recoveryLimitMs: 10_000,
    async make(context) {
      await limitConnections(0);
      await cutConnections(context.stack);
      const goneMs = performance.now();
      await delay(8000);
      await limitConnections(-1);
      expectQuickRefusals(context, goneMs);
      expectNoProcessEnded(context);
    },
  });
});

test('the disk is full', async () => {
  const name = 'the disk of the tables is full for 8 s';
  const disk = await mountSmallDisk(SMALL_DISK_MB);
  if (disk === null) {
    await recordRun({
      fault: name,
      tasks: 0,
      duplicates: 0,
      lost: 0,
      recoveryMs: null,
      notRun: 'only root can mount',
    });
    return;
  }
  try {
    const own = (postgres = await startOwnPostgres({ tablesFolder: disk.folder }));
    await expectWithstood({
      name,
      stack: { templateUrl: own.templateUrl },
      recoveryLimitMs: 10_000,
      async make(context) {
        await disk.fill();
        const goneMs = performance.now();
        await delay(8000);
        await disk.free();
        const refused = context.workload.history.attempts.filter(
          ({ sentMs, status }) => sentMs > goneMs && status === 503,
        );
        expect(refused.length).toBeGreaterThan(0);
        expectNoProcessEnded(context);
      },
    });
  } finally {
    await postgres?.stop();
    postgres = undefined;
    await disk.unmount();
  }
});

function asRole(url: string): Promise<string> {
  const changed = new URL(url);
  changed.username = ROLE;
  return Promise.resolve(changed.href);
}

/** There are refusals, and they come at once. */
function expectQuickRefusals(context: FaultContext, sinceMs: number): void {
  const attempts = context.workload.history.attempts.filter(({ sentMs }) => sentMs > sinceMs);
  expect(attempts.some(({ status }) => status === 503)).toBe(true);
  expectQuickAnswers(context, sinceMs);
}

/** No call hangs. */
function expectQuickAnswers({ workload }: FaultContext, sinceMs: number): void {
  const attempts = workload.history.attempts.filter(({ sentMs }) => sentMs > sinceMs);
  const slow = attempts.filter(({ sentMs, doneMs }) => doneMs - sentMs > PATIENCE_MS);
  expect(slow).toEqual([]);
}

function expectNoProcessEnded({ stack }: FaultContext): void {
  for (const { child } of [...stack.apis, ...stack.workers])
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
}
