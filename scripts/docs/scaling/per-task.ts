import type { BenchResult } from '../../../e2e/bench/report/result.ts';

/** What one task costs, as a run of the benchmark has measured it; NaN for what it did not measure. */
export interface PerTask {
  /** CPU milliseconds of a plain task, and of one with metadata, parents and a notification. */
  readonly cpu: {
    readonly plain: Readonly<Record<'api' | 'worker' | 'postgres' | 'redis', number>>;
    readonly rich: Readonly<Record<'api' | 'worker' | 'postgres', number>>;
  };
  /** CPU milliseconds of Postgres in a claim round, of which there is one at a time. */
  readonly claim: { readonly inFew: number; readonly inMany: number };
  /** Bytes. */
  readonly wal: { readonly plain: number; readonly rich: number };
  readonly stored: { readonly plain: number; readonly rich: number };
  /** Bytes of moving a rich one to the archive, and of what lies there then. */
  readonly archive: { readonly wal: number; readonly stored: number };
  readonly transactions: number;
  readonly redisCommands: number;
}

export function readPerTask({ scenarios }: BenchResult): PerTask {
  const of = (scenario: string) => {
    const outcomes = scenarios.find((result) => result.scenario === scenario)?.outcomes ?? [];
    return (name: string): number => outcomes.find(({ measure }) => measure === name)?.value ?? Number.NaN;
  };
  const [lifecycle, footprint] = [of('lifecycle'), of('footprint')];
  return {
    cpu: {
      plain: {
        api: lifecycle('api'),
        worker: lifecycle('worker'),
        postgres: lifecycle('postgres'),
        redis: lifecycle('redis'),
      },
      rich: {
        api: footprint('richApi'),
        worker: footprint('richWorker'),
        postgres: footprint('richPostgres'),
      },
    },
    claim: { inFew: footprint('fewRound'), inMany: footprint('manyRound') },
    wal: { plain: footprint('plainWal'), rich: footprint('richWal') },
    stored: { plain: footprint('plainStored'), rich: footprint('richStored') },
    archive: { wal: footprint('archiveWal'), stored: footprint('archived') },
    transactions: footprint('transactions'),
    redisCommands: footprint('redis'),
  };
}
