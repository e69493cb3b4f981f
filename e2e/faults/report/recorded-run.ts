import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Each run of a fault leaves a file, since tests run in several processes. */
const FOLDER = resolve(import.meta.dirname, '../../../test-results/faults');

/** What came of one fault in one run. */
export interface RecordedRun {
  readonly fault: string;
  readonly tasks: number;
  /** Calls of on_start in addition to the first of each task. */
  readonly duplicates: number;
  /** Promises that were not kept. */
  readonly lost: number;
  /** From the end of the fault until work went on at full speed; null where that is not measured. */
  readonly recoveryMs: number | null;
  /** Why it could not be made on this machine. */
  readonly notRun?: string;
}

export async function recordRun(run: RecordedRun): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${randomUUID()}.json`), JSON.stringify(run));
}

/** Of the runs since they were last forgotten. */
export async function readRuns(): Promise<RecordedRun[]> {
  const files = await readdir(FOLDER).catch(() => []);
  const texts = await Promise.all(files.map((file) => readFile(join(FOLDER, file), 'utf8')));
  return texts.map((text) => JSON.parse(text) as RecordedRun);
}

export const forgetRuns = (): Promise<void> => rm(FOLDER, { recursive: true, force: true });
