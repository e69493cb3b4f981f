// `npm run bench -- --peers`: the same jobs on ArcRun and on other queues, on the same machine in the same run.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { USAGE } from '../arguments.ts';
import { describeMachine } from '../measure/machine.ts';
import { type Servers, startServers } from '../system/start-servers.ts';
import { ABILITIES_TABLE } from './abilities.ts';
import { compare } from './compare.ts';
import type { Contestant, RunningContestant } from './contestant.ts';
import { CONTESTANTS } from './contestants.ts';
import { tabulate } from './format-results.ts';
import { JOBS } from './jobs.ts';
import { layOut } from './lay-out.ts';
import { readVersions, requireLibraries } from './peer.ts';

const REPETITIONS = 3;
const RESULT_FILE = resolve(import.meta.dirname, '../../../bench-results/peers.json');
const INTERRUPTED = 130;

const { values: args } = parseArgs({
  options: {
    peers: { type: 'boolean' },
    help: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

let servers: Servers | undefined;
let running: RunningContestant | undefined;

async function main(): Promise<void> {
  if (args.help) {
    console.log(USAGE);
    return;
  }
  requireLibraries();
  const contestants = chooseContestants();
  servers = await startServers({ countStatements: false, isProxied: false });
  const machine = describeMachine(servers.folder);
  const versions = await readVersions();
  console.log(
    `${machine.cores} cores (${machine.processor}), load ${machine.load.toFixed(1)}, Node ${machine.node}`,
  );
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  const repetitions = args.quick ? 1 : REPETITIONS;
  const results = await compare(servers, contestants, repetitions, (system) => {
    running = system;
  });
  for (const job of JOBS) {
    const ofJob = results.filter((result) => result.job === job.name);
    console.log(`\n${job.name}: ${job.what}\n\n${layOut(tabulate(job, ofJob))}`);
  }
  console.log(`\n${NOTES}\n\n${layOut(ABILITIES_TABLE)}\n`);
  await writeResult({ finished_at: new Date().toISOString(), machine, versions, results });
}

function chooseContestants(): readonly Contestant[] {
  const unknown = args.only.find((name) => !CONTESTANTS.some((contestant) => contestant.name === name));
  if (unknown !== undefined) {
    const names = CONTESTANTS.map(({ name }) => name).join(', ');
    throw new Error(`there is no system "${unknown}", but ${names}`);
  }
  return args.only.length === 0 ? CONTESTANTS : CONTESTANTS.filter(({ name }) => args.only.includes(name));
}

/** What the tables don't say by themselves. */
const NOTES = `A task of ArcRun is two HTTP requests more than one of the others, whose handlers run in their worker: the call of
on_start, and the PATCH that reports the end. "around it" are the processes that answer and send those, and that post
the batches. How each is set up, and what it can't: docs/peers.md.`;

async function writeResult(result: object): Promise<void> {
  const file = args.json === undefined ? RESULT_FILE : resolve(process.env['INIT_CWD'] ?? '', args.json);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`Written to ${file}`);
}

async function stopEverything(): Promise<void> {
  await running?.stop();
  await servers?.stop();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void stopEverything().finally(() => process.exit(INTERRUPTED)));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
} finally {
  await stopEverything();
}
