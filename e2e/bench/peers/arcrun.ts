import { dropDatabase } from '@arcrun/database/testing';
import { runChain } from '../scenarios/edge-latency.ts';
import { runLifecycle } from '../scenarios/lifecycle.ts';
import { aTask, postTasks, send, within } from '../scenarios/load.ts';
import { startSystem, type System } from '../system/start-system.ts';
import { BATCH, type Contestant, type Start } from './contestant.ts';

/** ArcRun itself: one API, one worker, and a receiver that reports each task as soon as it is called. */
export const arcrun: Contestant = {
  name: 'ArcRun',
  async start(servers, name) {
    const system = await startSystem({ servers, name, profileFolder: undefined });
    return {
      pids: () => system.pids(),
      async runTasks(count) {
        const elapsedMs = await runLifecycle(system, count, BATCH);
        return { elapsedMs, starts: await readStarts(system) };
      },
      async runChain(length) {
        await runChain(system, '/end', length);
        return readStarts(system);
      },
      async runFan(width) {
        await runFan(system, width);
        return readStarts(system);
      },
      async stop() {
        await system.stop();
        await dropDatabase(system.databaseUrl);
      },
    };
  },
};

async function runFan(system: System, width: number): Promise<void> {
  await system.receiver.ask('forget');
  const middle = Array.from({ length: width }, (_, index) => `middle-${index}`);
  const after = (parents: readonly string[]) => ({
    dependencies: parents.map((id) => ({ id, requires_success: true })),
  });
  const tasks = [
    aTask(system, 'first', '/end'),
    ...middle.map((id) => aTask(system, id, '/end', after(['first']))),
    aTask(system, 'last', '/end', after(middle)),
  ];
  const ended = within('the fan', system.receiver.ask('untilEnded', tasks.length));
  await send(system, [postTasks(system, tasks)]);
  await ended;
}

async function readStarts(system: System): Promise<Start[]> {
  const records = await system.receiver.ask('records');
  return records.map(({ taskId, startArrivedMs }) => ({ task: taskId, atMs: startArrivedMs }));
}
