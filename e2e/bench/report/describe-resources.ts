import { median } from '../measure/distribution.ts';
import { formatNumber, formatValue } from './format-number.ts';
import type { ScenarioResult } from './outcome.ts';

/** One line on the memory of the processes, and on how Postgres updated. */
export function describeResources({ memory_mb, hot_share }: ScenarioResult): string {
  return (
    `Peak memory: API ${formatValue(median(memory_mb.api), 'MB')}, worker ` +
    `${formatValue(median(memory_mb.worker), 'MB')}. HOT updates: ${formatNumber(hot_share)} %.`
  );
}
