// `npm run bench`: runs every scenario on the real processes, and holds what it measured against the bars.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dropDatabase } from '@arcrun/database/testing';
import { parseArguments, USAGE } from './arguments.ts';
import { describeMachine } from './measure/machine.ts';
import { countStatements, listStatements } from './measure/statements.ts';
import { formatTable } from './report/format-table.ts';
import { judge, type Outcome } from './report/outcome.ts';
import { writeResult } from './report/write-result.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { warmUp } from './scenarios/warm-up.ts';
import { type Servers, startServers } from './system/start-servers.ts';
import { startSystem, type System } from './system/start-system.ts';

const INTERRUPTED = 130;

const args = parseArguments(process.argv.slice(2), process.env['INIT_CWD'] ?? process.cwd());
let servers: Servers | undefined;
let system: System | undefined;

async function main(): Promise<number> {
  if (args.help) {
    console.log(USAGE);
    return 0;
  }
  const scenarios = chooseScenarios();
  servers = await startServers(args.profileFolder !== undefined);
  const machine = describeMachine(servers.folder);
  console.log(
    `${machine.cores} cores (${machine.processor}), load ${machine.load.toFixed(1)}, ` +
      `a sync takes ${machine.sync_ms.toFixed(2)} ms, Node ${machine.node}`,
  );
  if (machine.load > machine.cores / 2) {
    console.log('Others keep this machine busy: times say little now, CPU a little more.');
  }
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) outcomes.push(...(await runScenario(servers, scenario)));
  console.log(`\n${formatTable(outcomes)}\n`);
  await writeResult(args.resultFile, machine, outcomes);
  console.log(`Written to ${args.resultFile}`);
  return outcomes.every(({ met }) => met !== false) ? 0 : 1;
}

function chooseScenarios(): readonly Scenario[] {
  const unknown = args.only.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    const names = SCENARIOS.map(({ name }) => name).join(', ');
    throw new Error(`there is no scenario "${unknown}", but ${names}`);
  }
  return args.only.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => args.only.includes(name));
}

/** All repetitions of one scenario. */
async function runScenario(on: Servers, scenario: Scenario): Promise<readonly Outcome[]> {
  console.log(`\n${scenario.name}: ${scenario.what}`);
  const runs: Readonly<Record<string, number>>[] = [];
  for (let repetition = 1; repetition <= args.repetitions; repetition++) {
    const beganMs = performance.now();
    runs.push(await runOnce(on, scenario, repetition));
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
    console.log(`  run ${repetition} of ${args.repetitions}: ${seconds} s`);
  }
  return judge(scenario, runs);
}

/** One repetition: on a system and a database of its own, which have been warmed up. */
async function runOnce(
  on: Servers,
  scenario: Scenario,
  repetition: number,
): Promise<Readonly<Record<string, number>>> {
  const { profileFolder } = args;
  const name = `${scenario.name.replaceAll(' ', '_')}_${repetition}`;
  system = await startSystem({ servers: on, name, profileFolder });
  const { databaseUrl } = system;
  try {
    await warmUp(system);
    if (profileFolder !== undefined) await countStatements(system.database);
    const measured = await scenario.run(system);
    if (profileFolder !== undefined) {
      await writeFile(join(profileFolder, name, 'statements.txt'), await listStatements(system.database));
    }
    return measured;
  } finally {
    await system.stop();
    system = undefined;
    await dropDatabase(databaseUrl);
  }
}

async function stopEverything(): Promise<void> {
  await system?.stop();
  await servers?.stop();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void stopEverything().finally(() => process.exit(INTERRUPTED)));
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
} finally {
  await stopEverything();
}
