import type { Floor } from '../floors/floor.ts';
import type { FloorName } from '../floors/start-floors.ts';
import type { System } from '../system/start-system.ts';

/** One number that a scenario measures. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  /** What it must reach, or keep below; without one it is only told. */
  readonly bar?: { readonly atLeast: number } | { readonly atMost: number };
}

/** What the libraries gave right before a repetition; only those that the scenario names are there. */
export type MeasuredFloors = Readonly<Record<FloorName, Floor>>;

/** Runs the load once; gives a number for each measure. */
export type Run<Name extends string = string> = (
  floors: MeasuredFloors,
) => Promise<Readonly<Record<Name, number>>>;

export interface PrepareOptions {
  /** Smaller loads will do: what takes long is to be cut short. */
  readonly isQuick: boolean;
}

/** A load and what is measured under it. */
export interface Scenario {
  readonly name: string;
  /** The load, in a few words. */
  readonly what: string;
  /** Left out of a quick run, since it takes too long. */
  readonly fullOnly?: boolean;
  /** The libraries that are measured in turn with it. */
  readonly floors?: readonly FloorName[];
  /** Settings of API and workers that differ from what they are by default. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, Measure>>;
  /**
   * Brings a warm system of its own into the state that the load needs.
   *
   * @returns what is repeated
   * @throws when the state was not reached, as the run does when its result is not right
   */
  readonly prepare: (system: System, options: PrepareOptions) => Promise<Run>;
}

/** Makes sure that a scenario gives exactly the numbers that it announces. */
export function defineScenario<const Name extends string>(
  scenario: Scenario & {
    readonly measures: Readonly<Record<Name, Measure>>;
    readonly prepare: (system: System, options: PrepareOptions) => Promise<Run<Name>>;
  },
): Scenario {
  return scenario;
}
