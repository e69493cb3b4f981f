import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MachineDescription } from '../measure/machine.ts';
import type { Outcome } from './outcome.ts';

/** Writes the result as JSON, to be compared with others. */
export async function writeResult(
  file: string,
  machine: MachineDescription,
  outcomes: readonly Outcome[],
): Promise<void> {
  const met = outcomes.every((outcome) => outcome.met !== false);
  const result = { finished_at: new Date().toISOString(), machine, met, outcomes };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}
