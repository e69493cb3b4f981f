import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dropDatabase } from '@arcrun/database/testing';
import type { Floor } from './floors/floor.ts';
import type { FloorName, Floors } from './floors/start-floors.ts';
import { readHotShare } from './measure/hot-share.ts';
import { forgetPeakMemory, readPeakMemoryMb } from './measure/memory.ts';
import { countStatements, listStatements } from './measure/statements.ts';
import type { MeasuredFloors, Run, Scenario } from './scenarios/scenario.ts';
import { warmUp } from './scenarios/warm-up.ts';
import type { Servers } from './system/start-servers.ts';
import { startSystem, type System } from './system/start-system.ts';

/** What one repetition gave. */
export interface Repetition {
  readonly measured: Readonly<Record<string, number>>;
  readonly floors: Partial<MeasuredFloors>;
  /** Peaks of resident memory, in MB; NaN where none runs. */
  readonly memoryMb: { readonly api: number; readonly worker: number };
}

/** What all repetitions of a scenario gave. */
export interface ScenarioRun {
  readonly repetitions: readonly Repetition[];
  /** Percent of the updates of tasks. */
  readonly hotShare: number;
}

export interface RunOptions {
  readonly servers: Servers;
  readonly floors: Floors;
  readonly repetitions: number;
  readonly isQuick: boolean;
  readonly profileFolder: string | undefined;
  /** Told of the system that runs, so that it can be stopped from outside. */
  readonly onSystem: (system: System | undefined) => void;
}

/** All repetitions of one scenario, on a system and a database of its own, which has been warmed up. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioRun> {
  const { servers, repetitions, isQuick, profileFolder, onSystem } = options;
  const name = scenario.name.replaceAll(' ', '_');
  const system = await startSystem({ servers, name, settings: scenario.settings ?? {}, profileFolder });
  onSystem(system);
  try {
    await warmUp(system);
    const run = await scenario.prepare(system, { isQuick });
    if (profileFolder !== undefined) await countStatements(system.database);
    const all: Repetition[] = [];
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      const beganMs = performance.now();
      all.push(await runOnce(system, run, await measureFloors(options.floors, scenario.floors ?? [])));
      const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
      console.log(`  run ${repetition} of ${repetitions}: ${seconds} s`);
    }
    if (profileFolder !== undefined) {
      await writeFile(join(profileFolder, name, 'statements.txt'), await listStatements(system.database));
    }
    return { repetitions: all, hotShare: await readHotShare(system.database) };
  } finally {
    await system.stop();
    onSystem(undefined);
    await dropDatabase(system.databaseUrl);
  }
}

async function runOnce(system: System, run: Run, floors: MeasuredFloors): Promise<Repetition> {
  const { api, worker } = system.pids();
  forgetPeakMemory([...api, ...worker]);
  const measured = await run(floors);
  // Processes may have come and gone meanwhile.
  const now = system.pids();
  const peak = (pids: readonly number[]): number =>
    pids.length === 0 ? Number.NaN : Math.max(...pids.map(readPeakMemoryMb));
  return { measured, floors, memoryMb: { api: peak(now.api), worker: peak(now.worker) } };
}

async function measureFloors(floors: Floors, names: readonly FloorName[]): Promise<MeasuredFloors> {
  const measured: Partial<Record<FloorName, Floor>> = {};
  for (const name of names) measured[name] = await floors.measure(name);
  return measured as MeasuredFloors;
}
