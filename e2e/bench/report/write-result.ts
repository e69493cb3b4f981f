import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MachineDescription } from '../measure/machine.ts';
import type { ScenarioResult } from './outcome.ts';
import type { BenchResult } from './result.ts';

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
