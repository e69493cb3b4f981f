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
  {
    scenario: 'edge latency',
    measure: 'p50',
    unit: 'ms',
    atDefaults: 1006,
    tuned: 21,
  },
  { scenario: 'edge latency', measure: 'p99', unit: 'ms', atDefaults: 1009, tuned: 56 },
  {
    scenario: 'cascade',
    measure: 'answer',
    unit: 'ms',
    atDefaults: 13_500,
    tuned: 15_200,
    note: 'over 5,000 descendants',
  },
];

export function findReference(scenario: string, measure: string): ReferenceFigure | undefined {
  return REFERENCE.find((figure) => figure.scenario === scenario && figure.measure === measure);
}
