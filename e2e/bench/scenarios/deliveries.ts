import { setTimeout as delay } from 'node:timers/promises';
import { webhook } from '@arcrun/client';
import { SAMPLE } from '../floors/floor.ts';
import { measureCosts } from '../measure/costs.ts';
import type { Notification } from '../parties/notified-origins.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, report, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const NOTIFICATIONS = 10_000;
const NOTIFICATIONS_QUICK = 4000;
const ORIGINS = 100;
/** The origin that hangs, where one does. */
const HANGING = 0;
const TASKS_MAX = NOTIFICATIONS + 1;
const POLL_MS = 50;

/**
 * Many notifications that become due in one transaction: a root fails, and everything that needs it has an
 * `on_failure`. The worker runs all the time, so that its start is not measured.
 */
export const deliveries = defineScenario({
  name: 'deliveries',
  what: `${NOTIFICATIONS} notifications (quick: ${NOTIFICATIONS_QUICK}) to ${ORIGINS} origins, due at once; then again while one of the origins hangs`,
  floors: ['got'],
  settings: { MAX_TASKS_PER_BATCH: String(TASKS_MAX), PROPAGATION_INLINE_LIMIT: String(TASKS_MAX) },
  measures: {
    rate: { what: 'notifications, from the first arrival to the last', unit: '/s' },
    share: { what: 'rate, of that of got alone', unit: '%', bar: { atLeast: 70 } },
    othersRate: { what: 'rate to the others while one hangs', unit: '/s' },
    slowdown: {
      what: 'time of each of the others while one hangs, times that without',
      unit: '×',
      bar: { atMost: 1.3 },
    },
    worker: { what: 'CPU of the worker', unit: 'ms each' },
    postgres: { what: 'CPU of Postgres, the failing of the tasks included', unit: 'ms each' },
    got: { what: 'CPU of got alone', unit: 'ms each' },
  },
  async prepare(system, { isQuick }) {
    const count = isQuick ? NOTIFICATIONS_QUICK : NOTIFICATIONS;
    const origins = await system.receiver.ask('openOrigins', ORIGINS);
    const burst: Burst = { system, origins, count };
    return async (floors) => {
      const fail = await createTree(burst);
      const [rate, { each }] = await measureCosts(system, count, async () => {
        await fail();
        await untilNotified(system, count);
        return rateOf(await arrivedOnce(system, count));
      });
      await untilRecorded(system);
      const othersRate = await measureWhileOneHangs(burst);
      return {
        rate,
        share: (rate / floors.got.perSecond) * 100,
        othersRate,
        slowdown: rate / othersRate,
        worker: each.worker,
        postgres: each.postgres,
        got: floors.got.cpuMs,
      };
    };
  },
});

/** Notifications that become due at once. */
interface Burst {
  readonly system: System;
  /** Each gets the same share of them. */
  readonly origins: readonly string[];
  readonly count: number;
}

/** @returns the rate of notifications to those origins that do not hang */
async function measureWhileOneHangs(burst: Burst): Promise<number> {
  const { system, count } = burst;
  const fail = await createTree(burst);
  await system.receiver.ask('hangOrigin', HANGING);
  await fail();
  const others = count - count / ORIGINS;
  await untilNotified(system, others);
  const arrived = await arrivedOnce(system, others, ({ origin }) => origin !== HANGING);
  // What it has kept waiting comes through as well.
  await system.receiver.ask('releaseOrigin');
  await untilNotified(system, count);
  await untilRecorded(system);
  return rateOf(arrived);
}

/** @returns what makes the notifications due */
async function createTree({ system, origins, count }: Burst): Promise<() => Promise<unknown>> {
  await system.receiver.ask('forget');
  const leaves = Array.from({ length: count }, (_, index) =>
    aTask(system, `leaf-${index}`, '/hold', {
      dependencies: [{ id: 'root', requires_success: true }],
      on_failure: [webhook(`${origins[index % ORIGINS]}/notify`, { body: SAMPLE })],
    }),
  );
  await send(system, [postTasks(system, [aTask(system, 'root', '/hold'), ...leaves])]);
  await within('the root', system.receiver.ask('untilStarted', 1));
  const [root] = await system.receiver.ask('records');
  const failure = report(system, root!.taskId, {
    status: 'Failure',
    failure_reason: 'the benchmark says so',
  });
  return () => send(system, [failure], { expect: 200 });
}

const untilNotified = (system: System, count: number): Promise<void> =>
  within('the notifications', system.receiver.ask('untilNotified', count));

/**
 * @param isMeant which of all that arrived
 * @throws when one came twice, or other than that many
 */
async function arrivedOnce(
  system: System,
  count: number,
  isMeant: (notification: Notification) => boolean = () => true,
): Promise<readonly Notification[]> {
  const arrived = (await system.receiver.ask('notifications')).filter(isMeant);
  const keys = new Set(arrived.map(({ key }) => key));
  if (arrived.length !== count || keys.size !== count)
    throw new Error(`${arrived.length} calls with ${keys.size} keys instead of ${count} notifications`);
  return arrived;
}

const rateOf = (arrived: readonly Notification[]): number =>
  (arrived.length / (arrived.at(-1)!.arrivedMs - arrived[0]!.arrivedMs)) * 1000;

/** Until all that was delivered is recorded so. */
async function untilRecorded({ database }: System): Promise<void> {
  const look = async (): Promise<void> => {
    for (;;) {
      const { rows } = await database.pool.query<{ open: number }>(
        `select count(*)::integer as open from delivery where status <> 'Success'`,
      );
      if (rows[0]!.open === 0) return;
      await delay(POLL_MS);
    }
  };
  await within('the records of the deliveries', look());
}
