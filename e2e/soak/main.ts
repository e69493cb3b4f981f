// `npm run test:soak -- --minutes 30` works for so long, with a fault each minute, judges everything that was seen, and
// tells how memory, tables and Redis changed meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const PROJECT = resolve(import.meta.dirname, '../..');

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
if (!Number.isInteger(minutes) || minutes < 1)
  throw new Error(`--minutes is ${values.minutes}; it has to be 1 or more`);

const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
const child = spawn(process.execPath, [vitest, 'run', '--project', 'soak'], {
  cwd: PROJECT,
  stdio: 'inherit',
  env: { ...process.env, SOAK_MINUTES: String(minutes) },
});
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
