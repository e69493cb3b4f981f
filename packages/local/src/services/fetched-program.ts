import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StartupError } from './startup-error.ts';

/** A program that is fetched where the machine has none. */
export interface FetchedProgram<Found> {
  /** For messages: "Redis". */
  readonly name: string;
  /** The folder of the cache in which it is kept. */
  readonly home: string;
  /** What of it lies in a folder, if it runs. */
  readonly probe: (folder: string) => Promise<Found | undefined>;
  /** Tried in this order. Each fetches it into a folder and unpacks it there, or gives the reason why it could not. */
  readonly sources: readonly {
    readonly name: string;
    readonly fetch: (folder: string) => Promise<string | undefined>;
  }[];
}

/**
 * Finds a program in the cache, else fetches it into the cache. A broken copy in the cache is fetched anew.
 *
 * @returns what was found, or for each source the reason why it did not give one
 * @throws StartupError when the disk is full
 */
export async function fetchProgram<Found>(
  { name, home, probe, sources }: FetchedProgram<Found>,
  onProgress: (message: string) => void,
): Promise<{ found: Found } | { reasons: string[] }> {
  const cached = await probe(home);
  if (cached) return { found: cached };
  const cacheDir = dirname(home);
  mkdirSync(cacheDir, { recursive: true });
  const reasons: string[] = [];
  for (const source of sources) {
    const draft = mkdtempSync(join(cacheDir, `${basename(home)}-`));
    try {
      onProgress(`Fetching ${name} from ${source.name}`);
      const problem = await source.fetch(draft);
      if (problem === undefined && (await probe(draft))) {
        // Another process may have been faster.
        const theirs = await probe(home);
        if (theirs) return { found: theirs };
        rmSync(home, { recursive: true, force: true });
        renameSync(draft, home);
        const found = await probe(home);
        if (found) return { found };
      }
      if (/No space left/i.test(problem ?? '')) {
        throw new StartupError(`The disk that holds ${cacheDir} is full: free some space, then start again.`);
      }
      reasons.push(problem ?? 'it does not run here');
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return { reasons };
}
