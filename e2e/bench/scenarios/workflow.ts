import { percentile } from '../measure/distribution.ts';
import type { TaskRecord } from '../parties/receiver.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const LAYERS = 15;
const WIDTH = 100;
const PARENTS_EACH = 3;
/** The work of a task lies between them, so that ends and starts of all kinds meet. */
const WORK_MS = { from: 50, to: 550 };

/** The edges of one large workflow, in which much goes on at once. */
export const workflow = defineScenario({
  name: 'workflow',
  what: `${LAYERS * WIDTH} tasks in ${LAYERS} layers, each needs ${PARENTS_EACH} of the layer before and works ${WORK_MS.from} to ${WORK_MS.to} ms`,
  measures: {
    p50: { what: 'from the last PATCH of its parents to on_start, p50', unit: 'ms' },
    p99: { what: 'from the last PATCH of its parents to on_start, p99', unit: 'ms' },
  },
  prepare: async (system) => async () => {
    const edges = await runLayers(system);
    return { p50: percentile(edges, 0.5), p99: percentile(edges, 0.99) };
  },
});

async function runLayers(system: System): Promise<number[]> {
  await system.receiver.ask('forget');
  const tasks = Array.from({ length: LAYERS * WIDTH }, (_, index) =>
    aTask(system, `task-${index}`, `/end?after=${workOf(index)}`, {
      dependencies: parentsOf(index).map((parent) => ({ id: `task-${parent}`, requires_success: true })),
    }),
  );
  const ended = within('the workflow', system.receiver.ask('untilEnded', tasks.length));
  const [answer] = await send(system, [postTasks(system, tasks)], { keepBodies: true });
  await ended;
  const created = JSON.parse(answer!.body) as readonly { id: string }[];
  const records = new Map((await system.receiver.ask('records')).map((record) => [record.taskId, record]));
  const recordOf = (index: number): TaskRecord => records.get(created[index]!.id)!;
  return tasks.flatMap((_, index) => {
    if (index < WIDTH) return [];
    const ready = Math.max(...parentsOf(index).map((parent) => recordOf(parent).endSentMs!));
    return [recordOf(index).startArrivedMs - ready];
  });
}

/** Neighbours in the layer before; of the first layer none. */
function parentsOf(index: number): number[] {
  if (index < WIDTH) return [];
  const layerBefore = Math.floor(index / WIDTH) * WIDTH - WIDTH;
  return Array.from({ length: PARENTS_EACH }, (_, step) => layerBefore + ((index + step * 7) % WIDTH));
}

/** Spread evenly, and the same in every run. */
const workOf = (index: number): number => WORK_MS.from + ((index * 7919) % (WORK_MS.to - WORK_MS.from));
