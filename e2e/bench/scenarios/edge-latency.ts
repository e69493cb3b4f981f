import type { System } from '../system/start-system.ts';
import { percentile } from '../measure/distribution.ts';
import { aTask, postTasks, send, type Work, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const DEPTH = 50;
/** One after another, so that there are enough edges for a p99. */
const CHAINS = 5;
/** How long a task works where it does: longer than it takes to record that it is Running. */
const WORK_MS = 20;

/** How long a child waits for its call after its parent was reported, in a system that does nothing else. */
export const edgeLatency = defineScenario({
  name: 'edge latency',
  what: `${CHAINS} chains of depth ${DEPTH}, one after another: from the parent's PATCH to the child's on_start`,
  measures: {
    p50: { what: `p50, each reported after ${WORK_MS} ms of work`, unit: 'ms', bar: { atMost: 10 } },
    answerP50: { what: 'p50 of its first part, the answer of the PATCH', unit: 'ms' },
    p99: { what: `p99, each reported after ${WORK_MS} ms of work`, unit: 'ms', bar: { atMost: 40 } },
    max: { what: `max, each reported after ${WORK_MS} ms of work`, unit: 'ms' },
    atOnceP50: { what: 'p50, each reported as soon as it was called', unit: 'ms', bar: { atMost: 10 } },
    atOnceP99: { what: 'p99, each reported as soon as it was called', unit: 'ms', bar: { atMost: 40 } },
    atOnceMax: { what: 'max, each reported as soon as it was called', unit: 'ms' },
  },
  prepare: async (system) => async () => {
    const worked = await runChains(system, `/end?after=${WORK_MS}`);
    const atOnce = (await runChains(system, '/end')).map(({ edgeMs }) => edgeMs);
    const edges = worked.map(({ edgeMs }) => edgeMs);
    return {
      p50: percentile(edges, 0.5),
      answerP50: percentile(
        worked.map(({ answerMs }) => answerMs),
        0.5,
      ),
      p99: percentile(edges, 0.99),
      max: percentile(edges, 1),
      atOnceP50: percentile(atOnce, 0.5),
      atOnceP99: percentile(atOnce, 0.99),
      atOnceMax: percentile(atOnce, 1),
    };
  },
});

/** What follows from one report. */
interface Edge {
  /** From the report of the parent to its answer, */
  readonly answerMs: number;
  /** and to the call of the child. */
  readonly edgeMs: number;
}

async function runChains(system: System, work: Work): Promise<Edge[]> {
  const edges: Edge[] = [];
  for (let chain = 0; chain < CHAINS; chain++) edges.push(...(await runChain(system, work)));
  return edges;
}

/** @returns the edges of one chain */
export async function runChain(system: System, work: Work, depth = DEPTH): Promise<Edge[]> {
  await system.receiver.ask('forget');
  const tasks = Array.from({ length: depth }, (_, index) =>
    aTask(system, `link-${index}`, work, {
      dependencies: index === 0 ? [] : [{ id: `link-${index - 1}`, requires_success: true }],
    }),
  );
  const ended = within('the chain', system.receiver.ask('untilEnded', depth));
  await send(system, [postTasks(system, tasks)]);
  await ended;
  // They can only have come in the order of the chain.
  const records = await system.receiver.ask('records');
  return records.slice(1).map(({ startArrivedMs }, index) => {
    const { endSentMs, endAnsweredMs } = records[index]!;
    return { answerMs: endAnsweredMs! - endSentMs!, edgeMs: startArrivedMs - endSentMs! };
  });
}
