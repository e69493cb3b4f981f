import { formatNumber } from '../../../e2e/bench/report/format-number.ts';
import type { BenchResult } from '../../../e2e/bench/report/result.ts';
import { isBusy } from '../../../e2e/bench/measure/machine.ts';
import { formatDay } from './format-day.ts';

/** When, on what and how often was measured. */
export function describeRun({ finished_at, machine, scenarios }: BenchResult): string {
  const runs = Math.max(...scenarios.flatMap(({ outcomes }) => outcomes.map(({ values }) => values.length)));
  return [
    `- Measured on ${formatDay(finished_at)}, ${runs === 1 ? 'each scenario once' : `each scenario ${runs} times`}.`,
    `- The machine: ${machine.cores} cores (${machine.processor}) with everything on them; it takes ` +
      `${formatNumber(machine.sync_ms)} ms to bring 8 kB to the disk. Before the run ${formatNumber(machine.load)} ` +
      'processes wanted a core (load of one minute).',
    `- Node ${machine.node.replace(/^v/, '')}.`,
    ...(isBusy(machine)
      ? ['- **Others kept the machine busy.** The times say little, and the CPU is too high.']
      : []),
  ].join('\n');
}
