import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { clockMs } from '../measure/clock.ts';
import type { System } from '../system/start-system.ts';

type Counts = Readonly<Partial<Record<'Pending' | 'Claimed' | 'Running', number>>>;

/** What was called is recorded as Running a moment later. */
const SOON_MS = 5000;
const POLL_MS = 50;

/** @throws when there are other than that many tasks in one of these states, and will not be soon */
export async function expectTasks(system: System, expected: Counts): Promise<void> {
  const giveUpMs = clockMs() + SOON_MS;
  for (;;) {
    const found = await countTasks(system, expected);
    if (isDeepStrictEqual(found, expected)) return;
    if (clockMs() > giveUpMs)
      throw new Error(`there are ${JSON.stringify(found)} tasks instead of ${JSON.stringify(expected)}`);
    await delay(POLL_MS);
  }
}

/** Counts those in the states that are named. */
async function countTasks({ database }: System, named: Counts): Promise<Counts> {
  const statuses = Object.keys(named);
  const { rows } = await database.pool.query<{ status: string; count: number }>(
    `select status, count(s.id)::integer as count
     from unnest($1::task_status[]) as status left join task_state s using (status) group by status`,
    [statuses],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
