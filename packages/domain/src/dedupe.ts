import type { TaskStatus } from './status.ts';

/** A task of a request, as far as dedupe is concerned. */
export interface DedupeCandidate {
  /** What its matchers look for; those that do not apply are left out. */
  readonly looks: readonly {
    readonly key: string;
    readonly status: TaskStatus;
    /** Whether a task like that is there already. */
    readonly isTaken: boolean;
  }[];
  /** By what others look for it. */
  readonly own: readonly string[];
  /** Indexes of its parents. */
  readonly parents: readonly number[];
}

/**
 * The tasks of a request that are not created, as indexes. Tasks are looked at in the order of the request, and an
 * earlier one that is created counts: as Waiting while it depends on a task that has not been found to be a
 * duplicate, else as Pending.
 */
export function findDuplicates(candidates: readonly DedupeCandidate[]): Set<number> {
  const duplicates = new Set<number>();
  const created = new Set<string>();
  for (const [index, { looks, own, parents }] of candidates.entries()) {
    if (looks.some(({ key, status, isTaken }) => isTaken || created.has(`${key} ${status}`))) {
      duplicates.add(index);
      continue;
    }
    const status: TaskStatus = parents.some((parent) => !duplicates.has(parent)) ? 'Waiting' : 'Pending';
    for (const key of own) created.add(`${key} ${status}`);
  }
  return duplicates;
}
