import { setTimeout as delay } from 'node:timers/promises';
import { clockMs } from '../measure/clock.ts';
import type { System } from '../system/start-system.ts';
import { percentile } from '../measure/distribution.ts';
import { aTask, postTasks, report, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const DESCENDANTS = 10_000;
const CHILDREN_EACH = 10;
const ROUNDS = 5;
const POLL_MS = 20;

/** The failure of a root that everything below needs. */
export const cascade = defineScenario({
  name: 'cascade',
  what: `the root of ${DESCENDANTS} required descendants, ${CHILDREN_EACH} children each, fails; ${ROUNDS} times`,
  settings: { MAX_TASKS_PER_BATCH: String(DESCENDANTS + 1) },
  measures: {
    answer: { what: 'answer of the PATCH, p50', unit: 'ms', bar: { atMost: 100 } },
    slowest: { what: 'answer of the PATCH, the slowest', unit: 'ms' },
    done: { what: 'until all are Failure, p50', unit: 'ms', bar: { atMost: 1000 } },
  },
  prepare: async (system) => async () => {
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await failOneRoot(system));
    const answers = rounds.map(({ answerMs }) => answerMs);
    return {
      answer: percentile(answers, 0.5),
      slowest: percentile(answers, 1),
      done: percentile(
        rounds.map(({ doneMs }) => doneMs),
        0.5,
      ),
    };
  },
});

/** Times since the root's failure was reported. */
interface Round {
  readonly answerMs: number;
  readonly doneMs: number;
}

async function failOneRoot(system: System): Promise<Round> {
  await system.receiver.ask('forget');
  const started = within('the root', system.receiver.ask('untilStarted', 1));
  const tasks = Array.from({ length: DESCENDANTS + 1 }, (_, index) =>
    aTask(system, `task-${index}`, '/hold', {
      dependencies:
        index === 0
          ? []
          : [{ id: `task-${Math.floor((index - 1) / CHILDREN_EACH)}`, requires_success: true }],
    }),
  );
  const [created] = await send(system, [postTasks(system, tasks)]);
  await started;
  const [root] = await system.receiver.ask('records');
  const failure = report(system, root!.taskId, {
    status: 'Failure',
    failure_reason: 'the benchmark says so',
  });
  const [answer] = await send(system, [failure], { expect: 200 });
  await within('the cascade', untilAllFailed(system, created!.batchId!));
  return { answerMs: answer!.answeredMs - answer!.sentMs, doneMs: clockMs() - answer!.sentMs };
}

async function untilAllFailed(system: System, batchId: string): Promise<void> {
  for (;;) {
    const look = { method: 'GET', url: `${system.apiUrl}/batch/${batchId}` } as const;
    const [answer] = await send(system, [look], { expect: 200, keepBodies: true });
    const stats = JSON.parse(answer!.body) as { status_counts: { failure: number } };
    if (stats.status_counts.failure === DESCENDANTS + 1) return;
    await delay(POLL_MS);
  }
}
