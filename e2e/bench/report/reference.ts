// What ArcRun in Rust reached. It was measured before this project began, on a machine of the same kind: 2 cores with
// everything on them, Postgres 15 with its default durability; once at its defaults, with a loop of 1 s, and once tuned,
// with a loop of 10 ms, 64 calls at once and 80 connections. The load was the same, or as the note says.

/** What ArcRun in Rust reached in one measure of one scenario. */
export interface ReferenceFigure {
  readonly scenario: string;
  readonly measure: string;
  /** Of the figures; the measure has to have the same. */
  readonly unit: string;
  readonly atDefaults: number;
  readonly tuned?: number;
  /** What was different, or has to be known. */
  readonly note?: string;
}

export const REFERENCE: readonly ReferenceFigure[] = [
  { scenario: 'lifecycle', measure: 'throughput', unit: 'tasks/s', atDefaults: 294, tuned: 222 },
  { scenario: 'lifecycle', measure: 'cpu', unit: 'ms/task', atDefaults: 5, tuned: 7.2 },
  { scenario: 'lifecycle', measure: 'postgres', unit: 'ms/task', atDefaults: 3.5 },
  { scenario: 'slow receivers', measure: 'throughput', unit: 'tasks/s', atDefaults: 82, tuned: 189 },
  { scenario: 'edge latency', measure: 'p50', unit: 'ms', atDefaults: 1006, tuned: 21 },
  { scenario: 'edge latency', measure: 'p99', unit: 'ms', atDefaults: 1009, tuned: 56 },
  { scenario: 'fan', measure: 'time', unit: 'ms', atDefaults: 6900, tuned: 8100 },
  {
    scenario: 'cascade',
    measure: 'answer',
    unit: 'ms',
    atDefaults: 13_500,
    tuned: 15_200,
    note: 'over 5,000 descendants',
  },
  { scenario: 'create', measure: 'rate', unit: 'tasks/s', atDefaults: 1540 },
  {
    scenario: 'counters',
    measure: 'rate',
    unit: '/s',
    atDefaults: 29_000,
    note: 'kept in memory, and lost in a crash',
  },
  {
    scenario: 'contended',
    measure: 'short',
    unit: 'tasks/s',
    atDefaults: 104,
    tuned: 140,
    note: 'never more than 3 of the 10 places filled; tuned, 5',
  },
  { scenario: 'lists', measure: 'tasksRate', unit: 'per s', atDefaults: 2830, note: '100 rows, no filter' },
  { scenario: 'lists', measure: 'batchesRate', unit: 'per s', atDefaults: 122, note: 'no filter' },
  { scenario: 'lists', measure: 'dagRate', unit: 'per s', atDefaults: 548, note: '500 tasks' },
];

/** What it reached where no single measure is the same, by scenario. */
export const REFERENCE_REMARKS: Readonly<Record<string, string>> = {
  idle: 'all of it uses 7.7 CPU-ms a second at its defaults, and 74 when it is tuned',
};

export function findReference(scenario: string, measure: string): ReferenceFigure | undefined {
  return REFERENCE.find((figure) => figure.scenario === scenario && figure.measure === measure);
}
