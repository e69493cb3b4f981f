import { median } from '../measure/distribution.ts';
import type { System } from '../system/start-system.ts';
import { measureRate } from './lifecycle.ts';
import { aTask, postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const CHILDREN = 1000;
/** One after another; their median is told. */
const FANS = 3;
/** The rate that a fan is held against is that of independent tasks, right before. */
const LIFECYCLE_TASKS = 5000;
/** A fan may take that much longer than its children alone would, and a little for its two edges. */
const ALLOWED = { times: 1.15, plusMs: 50 };

/** All at once, and a join that waits for them all. */
export const fan = defineScenario({
  name: 'fan',
  what: `${FANS} times 1 → ${CHILDREN} → 1, each task reported as soon as it was called`,
  measures: {
    time: { what: "from the root's PATCH to the join's on_start", unit: 'ms' },
    rate: { what: 'lifecycle of independent tasks right before', unit: 'tasks/s' },
    share: {
      what: `time, of ${ALLOWED.times} × ${CHILDREN} tasks at that rate + ${ALLOWED.plusMs} ms`,
      unit: '%',
      bar: { atMost: 100 },
    },
  },
  prepare: async (system) => async () => {
    const rate = await measureRate(system, { tasks: LIFECYCLE_TASKS });
    const times: number[] = [];
    for (let round = 0; round < FANS; round++) times.push(await runFan(system));
    const time = median(times);
    const allowedMs = ((ALLOWED.times * CHILDREN) / rate) * 1000 + ALLOWED.plusMs;
    return { time, rate, share: (time / allowedMs) * 100 };
  },
});

/** @returns how long it took from the report of the root to the call of the join, in ms */
export async function runFan(system: System, width = CHILDREN): Promise<number> {
  await system.receiver.ask('forget');
  const children = Array.from({ length: width }, (_, index) => `child-${index}`);
  const onAll = (ids: readonly string[]) => ids.map((id) => ({ id, requires_success: true }));
  const tasks = [
    aTask(system, 'root', '/end'),
    ...children.map((id) => aTask(system, id, '/end', { dependencies: onAll(['root']) })),
    aTask(system, 'join', '/end', { dependencies: onAll(children) }),
  ];
  const ended = within('the fan', system.receiver.ask('untilEnded', tasks.length));
  await send(system, [postTasks(system, tasks)]);
  await ended;
  const records = await system.receiver.ask('records');
  if (records.length !== tasks.length)
    throw new Error(`${records.length} calls of on_start for ${tasks.length} tasks`);
  // The root can only have come first, and the join last, after every child.
  const root = records[0]!;
  const join = records.at(-1)!;
  const lastChildMs = Math.max(...records.slice(1, -1).map(({ endSentMs }) => endSentMs!));
  if (join.startArrivedMs < lastChildMs) throw new Error('the join began before its last parent had ended');
  return join.startArrivedMs - root.endSentMs!;
}
