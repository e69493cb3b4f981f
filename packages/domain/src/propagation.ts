import { isTerminal, isUnsuccessful, type TaskStatus, type TerminalStatus } from './status.ts';

export interface Link<Id> {
  readonly parent: Id;
  readonly child: Id;
  readonly requiresSuccess: boolean;
}

/**
 * What an end does to the rest of its batch: the pure statement of what migrations/0003-settle-ends.sql does in
 * sets. Tests hold the two against each other.
 *
 * A child opens when all its parents have ended and each required one succeeded; it fails when a required one
 * did not, which is an end itself. A Paused child only fails.
 *
 * @param statuses every task of the batch; changed in place
 * @returns the tasks whose status changed, the ended one first
 */
export function propagateEnd<Id>(
  statuses: Map<Id, TaskStatus>,
  links: readonly Link<Id>[],
  ended: Id,
  outcome: TerminalStatus,
): Id[] {
  const parentsOf = Map.groupBy(links, (link) => link.child);
  const childrenOf = Map.groupBy(links, (link) => link.parent);
  const changed: Id[] = [ended];
  statuses.set(ended, outcome);
  for (const parent of changed) {
    for (const { child } of childrenOf.get(parent) ?? []) {
      const before = statuses.get(child);
      if (before !== 'Waiting' && before !== 'Paused') continue;
      const after = statusByParents(before, parentsOf.get(child) ?? [], statuses);
      if (after === before) continue;
      statuses.set(child, after);
      // A released child is no end, so nothing follows from it; the loop passes over it.
      changed.push(child);
    }
  }
  return changed;
}

/** The state that a Waiting or Paused task should be in, by its parents' states. */
export function statusByParents<Id>(
  current: 'Waiting' | 'Paused',
  parents: readonly Link<Id>[],
  statuses: ReadonlyMap<Id, TaskStatus>,
): TaskStatus {
  const statusOf = (link: Link<Id>) => statuses.get(link.parent)!;
  if (parents.some((link) => link.requiresSuccess && isUnsuccessful(statusOf(link)))) return 'Failure';
  if (current === 'Waiting' && parents.every((link) => isTerminal(statusOf(link)))) return 'Pending';
  return current;
}
