import type { RecordedRun } from './recorded-run.ts';

/** All runs of one fault. */
export interface FaultSummary {
  readonly fault: string;
  readonly runs: number;
  /** Why it was not run. */
  readonly notRun?: string;
  readonly tasks: number;
  readonly duplicates: number;
  readonly lost: number;
  /** Null where it is not measured; also when one run never came back to full speed, which fails its test. */
  readonly worstRecoveryMs: number | null;
}

/** In the order of the alphabet. */
export function summarize(runs: readonly RecordedRun[]): FaultSummary[] {
  return [...Map.groupBy(runs, ({ fault }) => fault)]
    .map(([fault, ofFault]) => {
      const sum = (of: (run: RecordedRun) => number) => ofFault.reduce((all, run) => all + of(run), 0);
      const recoveries = ofFault.map(({ recoveryMs }) => recoveryMs).filter((ms) => ms !== null);
      return {
        fault,
        runs: ofFault.filter(({ notRun }) => notRun === undefined).length,
        ...(ofFault[0]!.notRun !== undefined && { notRun: ofFault[0]!.notRun }),
        tasks: sum(({ tasks }) => tasks),
        duplicates: sum(({ duplicates }) => duplicates),
        lost: sum(({ lost }) => lost),
        worstRecoveryMs: recoveries.length === 0 ? null : Math.round(Math.max(...recoveries)),
      };
    })
    .toSorted((a, b) => a.fault.localeCompare(b.fault));
}

export const FAULT_COLUMNS = ['fault', 'runs', 'tasks', 'duplicates', 'lost', 'worst recovery'] as const;

/** As texts, one for each column. */
export const toCells = (summary: FaultSummary): string[] => [
  summary.notRun === undefined ? summary.fault : `${summary.fault} (not run: ${summary.notRun})`,
  ...[summary.runs, summary.tasks, summary.duplicates, summary.lost].map((n) => n.toLocaleString('en')),
  summary.worstRecoveryMs === null ? '' : `${(summary.worstRecoveryMs / 1000).toFixed(1)} s`,
];
