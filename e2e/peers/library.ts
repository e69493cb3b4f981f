import type { Place } from '../bench/peers/commands.ts';

/** What a library's jobs carry. */
export interface JobData {
  readonly task: string;
  /** Tasks to enqueue when this one has run, one after another: a chain that its handlers pass on. */
  readonly rest?: readonly string[];
}

export interface Fan {
  readonly first: string;
  readonly middle: readonly string[];
  readonly last: string;
}

/** Hands tasks over; resolves when they are stored. */
export interface Producer {
  readonly addTasks: (tasks: readonly string[]) => Promise<unknown>;
  readonly addChain: (tasks: readonly string[]) => Promise<unknown>;
  /** Missing where the library can't. */
  readonly addFan?: (fan: Fan) => Promise<unknown>;
}

export interface Worker {
  /** How many tasks have no stored end. */
  readonly countOpen: () => Promise<number>;
}

/** How a library does the work, in its best sensible way. */
export interface Library {
  readonly openProducer: (place: Place) => Promise<Producer>;
  /** @param ran is told of each task that begins */
  readonly openWorker: (place: Place, ran: (task: string) => void) => Promise<Worker>;
}

/** Loads one library only, so that a process has the size of its users' processes. */
export async function loadLibrary({ library }: Place): Promise<Library> {
  const loaded = (await import(`./libraries/${library}.ts`)) as { library: Library };
  return loaded.library;
}
