// `npm run test:faults` makes each fault in the middle of real work and judges what clients and receivers have seen,
// prints a table of it, and keeps that of a whole run that passed for docs/reliability.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { forgetRuns, readRuns } from './report/recorded-run.ts';
import { FAULT_COLUMNS, summarize, toCells } from './report/summarize.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const RESULT = join(PROJECT, 'docs/reliability/faults.json');

const { values, positionals } = parseArgs({
  options: { times: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1)
  throw new Error(`--times is ${values.times}; it has to be 1 or more`);

await forgetRuns();
let hasPassed = true;
for (let time = 1; time <= times && hasPassed; time++) {
  if (times > 1) console.log(`Run ${time} of ${times}`);
  hasPassed = await runTests(positionals);
}
const summaries = summarize(await readRuns());
printTable([[...FAULT_COLUMNS], ...summaries.map(toCells)]);
if (!hasPassed) process.exitCode = 1;
else if (positionals.length === 0) await keep();

/** @param files only these; all if empty */
async function runTests(files: readonly string[]): Promise<boolean> {
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  // Each has seven processes of its own and waits for most of the time.
  const words = [vitest, 'run', '--project', 'faults*', '--maxWorkers', '2', ...files];
  const child = spawn(process.execPath, words, { cwd: PROJECT, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

function printTable(lines: readonly (readonly string[])[]): void {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
}

async function keep(): Promise<void> {
  const result = {
    finished_at: new Date().toISOString(),
    machine: `${cpus().length} cores (${cpus()[0]!.model.trim()}), Node ${process.versions.node}`,
    faults: summaries,
  };
  await mkdir(dirname(RESULT), { recursive: true });
  await writeFile(RESULT, `${JSON.stringify(result, null, 2)}\n`);
  console.log('npm run docs brings this into docs/reliability.md');
}
