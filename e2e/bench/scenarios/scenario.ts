import type { System } from '../system/start-system.ts';

/** One number that a scenario measures. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  /** What it must reach, or keep below; without one it is only told. */
  readonly bar?: { readonly atLeast: number } | { readonly atMost: number };
}

/** A load and what is measured under it. */
export interface Scenario {
  readonly name: string;
  /** The load, in a few words. */
  readonly what: string;
  readonly measures: Readonly<Record<string, Measure>>;
  /** Runs the load once on a warm system of its own; gives a number for each measure. */
  readonly run: (system: System) => Promise<Readonly<Record<string, number>>>;
}

/** Makes sure that a scenario gives exactly the numbers that it announces. */
export function defineScenario<const Name extends string>(
  scenario: Scenario & {
    readonly measures: Readonly<Record<Name, Measure>>;
    readonly run: (system: System) => Promise<Readonly<Record<Name, number>>>;
  },
): Scenario {
  return scenario;
}
