import type { RunningService } from '@arcrun/local';
import { cpuUsed, readCpuTimes } from '../measure/cpu-time.ts';
import type { BullmqCommands } from '../parties/bullmq-floor.ts';
import type { Party } from '../system/party.ts';
import { type Floor, IN_FLIGHT } from './floor.ts';

const JOBS = 5000;

/** One job that does nothing for each task; Redis' share included. */
export async function measureBullmq(party: Party<BullmqCommands>, redis: RunningService): Promise<Floor> {
  const pids = { party: party.pid, redis: redis.pid };
  const before = readCpuTimes(pids);
  const elapsedMs = await party.ask('run', { redisUrl: redis.url, count: JOBS, concurrency: IN_FLIGHT });
  const used = cpuUsed(before, readCpuTimes(pids));
  return { perSecond: (JOBS / elapsedMs) * 1000, cpuMs: (used.party + used.redis) / JOBS };
}
