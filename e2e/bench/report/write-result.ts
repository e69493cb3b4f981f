import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MachineDescription } from '../measure/machine.ts';
import type { ScenarioResult } from './outcome.ts';

/** What a run of the benchmark leaves: to be drawn, and to be compared with others. */
interface BenchResult {
  /** RFC 3339. */
  readonly finished_at: string;
  readonly machine: MachineDescription;
  readonly met: boolean;
  readonly scenarios: readonly ScenarioResult[];
}

/** Writes it as JSON. */
export async function writeResult(
  file: string,
  machine: MachineDescription,
  scenarios: readonly ScenarioResult[],
): Promise<void> {
  const met = scenarios.every((scenario) => scenario.met);
  const result: BenchResult = { finished_at: new Date().toISOString(), machine, met, scenarios };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}
