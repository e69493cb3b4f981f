import { setTimeout as delay } from 'node:timers/promises';
import { cpuUsed, readCpuTimes } from '../measure/cpu-time.ts';
import { median } from '../measure/distribution.ts';
import type { Servers } from '../system/start-servers.ts';
import { checkStarts } from './check-starts.ts';
import type { Contestant, RunningContestant } from './contestant.ts';
import { type Job, JOBS, type JobName, warmUp } from './jobs.ts';

/** What trails behind the last end is counted in the CPU time too. */
const TRAIL_MS = 250;

/** What one system did with one job. */
export interface Result {
  readonly system: string;
  readonly job: JobName;
  readonly unit: Job['unit'];
  /** One for each repetition; none where the system has no way to do the job. */
  readonly values: readonly number[];
  /** Their median; null without any. */
  readonly median: number | null;
  /** CPU milliseconds for each task by part of the system, the median over the repetitions. */
  readonly cpu: Readonly<Record<string, number>>;
}

interface Sample {
  readonly value: number;
  readonly cpu: Readonly<Record<string, number>>;
}

/**
 * Runs all jobs on all systems, one system at a time, so that none pays for another that idles beside it.
 *
 * @param watch is told of the system that runs, and when none does any more
 * @throws when a task did not run exactly once
 */
export async function compare(
  servers: Servers,
  contestants: readonly Contestant[],
  repetitions: number,
  watch: (running: RunningContestant | undefined) => void,
): Promise<Result[]> {
  const samples = new Map<string, Sample[]>();
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const [index, contestant] of contestants.entries()) {
      const beganMs = performance.now();
      const system = await contestant.start(servers, `peers_${repetition}_${index}`);
      watch(system);
      for (const [job, sample] of await runJobs(system)) {
        const key = keyOf(contestant.name, job);
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
      watch(undefined);
      await system.stop();
      const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
      console.log(`  ${contestant.name}, run ${repetition} of ${repetitions}: ${seconds} s`);
    }
  }
  return JOBS.flatMap((job) =>
    contestants.map(({ name }) => summarize(name, job, samples.get(keyOf(name, job.name)) ?? [])),
  );
}

const keyOf = (system: string, job: JobName): string => `${job} on ${system}`;

/** All jobs that a system can do. */
async function runJobs(system: RunningContestant): Promise<Map<JobName, Sample>> {
  await warmUp(system);
  const samples = new Map<JobName, Sample>();
  for (const job of JOBS) {
    const sample = await runJob(system, job);
    if (sample !== undefined) samples.set(job.name, sample);
  }
  return samples;
}

async function runJob(system: RunningContestant, job: Job): Promise<Sample | undefined> {
  const before = readCpuTimes(system.pids());
  const measured = await job.run(system);
  if (measured === undefined) return undefined;
  await delay(TRAIL_MS);
  const used = cpuUsed(before, readCpuTimes(system.pids()));
  checkStarts(measured.starts, job.tasks, job.order);
  const cpu = Object.entries(used).map(([part, ms]) => [part, ms / job.tasks]);
  return { value: measured.value, cpu: Object.fromEntries(cpu) as Sample['cpu'] };
}

function summarize(system: string, job: Job, samples: readonly Sample[]): Result {
  const values = samples.map(({ value }) => value);
  const parts = Object.keys(samples[0]?.cpu ?? {});
  return {
    system,
    job: job.name,
    unit: job.unit,
    values,
    median: values.length === 0 ? null : median(values),
    cpu: Object.fromEntries(parts.map((part) => [part, median(samples.map(({ cpu }) => cpu[part]!))])),
  };
}
