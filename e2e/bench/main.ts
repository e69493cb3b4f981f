// `npm run bench`: runs every scenario on the real processes, and holds what it measured against the bars.
import { parseArguments, USAGE } from './arguments.ts';
import { type Floors, startFloors } from './floors/start-floors.ts';
import { describeMachine, isBusy } from './measure/machine.ts';
import { formatTable } from './report/format-table.ts';
import { judge, type ScenarioResult } from './report/outcome.ts';
import { publishResult } from './report/publish-result.ts';
import { writeResult } from './report/write-result.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { type Servers, startServers } from './system/start-servers.ts';
import type { System } from './system/start-system.ts';

const INTERRUPTED = 130;

const args = parseArguments(process.argv.slice(2), process.env['INIT_CWD'] ?? process.cwd());
let servers: Servers | undefined;
let floors: Floors | undefined;
let system: System | undefined;

async function main(): Promise<number> {
  if (args.help) {
    console.log(USAGE);
    return 0;
  }
  if (args.render !== undefined) {
    await publishResult(args.render);
    return 0;
  }
  const scenarios = chooseScenarios();
  servers = await startServers({
    countStatements: args.profileFolder !== undefined,
    isProxied: args.isProxied,
  });
  const machine = describeMachine(servers.folder);
  console.log(
    `${machine.cores} cores (${machine.processor}), load ${machine.load.toFixed(1)}, ` +
      `a sync takes ${machine.sync_ms.toFixed(2)} ms, Node ${machine.node}`,
  );
  if (isBusy(machine)) {
    console.log('Others keep this machine busy: times say little now, CPU a little more.');
  }
  floors = await startFloors(servers);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    console.log(`\n${scenario.name}: ${scenario.what}`);
    const { profileFolder, repetitions, isQuick } = args;
    const onSystem = (running: System | undefined): void => void (system = running);
    const options = { servers, floors, repetitions, isQuick, profileFolder, onSystem };
    results.push(judge(scenario, await runScenario(scenario, options)));
  }
  console.log(`\n${formatTable(results)}\n`);
  await writeResult(args.resultFile, machine, results);
  console.log(`Written to ${args.resultFile}`);
  if (args.isWhole) await publishResult(args.resultFile);
  return results.every(({ met }) => met) ? 0 : 1;
}

function chooseScenarios(): readonly Scenario[] {
  const unknown = args.only.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    const names = SCENARIOS.map(({ name }) => name).join(', ');
    throw new Error(`there is no scenario "${unknown}", but ${names}`);
  }
  if (args.only.length > 0) return SCENARIOS.filter(({ name }) => args.only.includes(name));
  return args.isQuick ? SCENARIOS.filter(({ fullOnly }) => fullOnly !== true) : SCENARIOS;
}

async function stopEverything(): Promise<void> {
  await system?.stop();
  await floors?.stop();
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
