import { dropDatabase } from '@arcrun/database/testing';
import { runChain } from '../scenarios/edge-latency.ts';
import { runFan } from '../scenarios/fan.ts';
import { measureRate } from '../scenarios/lifecycle.ts';
import { startSystem, type System } from '../system/start-system.ts';
import type { Contestant, Start } from './contestant.ts';

/** ArcRun itself: one API, one worker, and a receiver that reports each task as soon as it is called. */
export const arcrun: Contestant = {
  name: 'ArcRun',
  async start(servers, name) {
    const system = await startSystem({ servers, name, settings: {}, profileFolder: undefined });
    return {
      pids: () => system.pids(),
      async runTasks(count) {
        const perSecond = await measureRate(system, { tasks: count });
        return { perSecond, starts: await readStarts(system) };
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

async function readStarts(system: System): Promise<Start[]> {
  const records = await system.receiver.ask('records');
  return records.map(({ taskId, startArrivedMs }) => ({ task: taskId, atMs: startArrivedMs }));
}
