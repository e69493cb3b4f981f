import { isTerminal, isUnsuccessful, type TaskStatus, type TerminalStatus } from './status.ts';

export interface Link<Id> {
  readonly parent: Id;
  readonly child: Id;
  readonly requiresSuccess: boolean;
}

export interface PropagationRules<Id> {
  /** Tasks with dead_end_barrier. */
  readonly barriers?: ReadonlySet<Id>;
  /** Whether dead ends are canceled; default true. */
  readonly deadEnds?: boolean;
}

/**
 * What an end does to the rest of its batch: the pure statement of what migrations/0003-settle-ends.sql does in
 * sets. Tests hold the two against each other.
 *
 * A child opens when all its parents have ended and each required one succeeded; it fails when a required one
 * did not, which is an end itself. A Paused child only fails. Then dead ends are canceled: unfinished parents of
 * what has just ended that have no unfinished child, and level by level those above them.
 *
 * @param statuses every task of the batch; changed in place
 * @returns the tasks whose status changed, the ended one first
 */
export function propagateEnd<Id>(
  statuses: Map<Id, TaskStatus>,
  links: readonly Link<Id>[],
  ended: Id,
  outcome: TerminalStatus,
  { barriers = new Set(), deadEnds = true }: PropagationRules<Id> = {},
): Id[] {
  const graph = {
    parentsOf: Map.groupBy(links, (link) => link.child),
    childrenOf: Map.groupBy(links, (link) => link.parent),
  };
  statuses.set(ended, outcome);
  const changed = [ended, ...settleChildren(statuses, graph, ended)];
  if (!deadEnds) return changed;
  const justEnded = changed.filter((id) => isTerminal(statuses.get(id)!));
  return [...changed, ...cancelDeadEnds(statuses, graph, justEnded, barriers)];
}

interface Graph<Id> {
  readonly parentsOf: ReadonlyMap<Id, readonly Link<Id>[]>;
  readonly childrenOf: ReadonlyMap<Id, readonly Link<Id>[]>;
}

function settleChildren<Id>(statuses: Map<Id, TaskStatus>, graph: Graph<Id>, ended: Id): Id[] {
  const changed: Id[] = [];
  const toSettle = [ended];
  for (const parent of toSettle) {
    for (const { child } of graph.childrenOf.get(parent) ?? []) {
      const before = statuses.get(child);
      if (before !== 'Waiting' && before !== 'Paused') continue;
      const after = statusByParents(before, graph.parentsOf.get(child) ?? [], statuses);
      if (after === before) continue;
      statuses.set(child, after);
      changed.push(child);
      // A released child is no end, so nothing follows from it.
      if (isTerminal(after)) toSettle.push(child);
    }
  }
  return changed;
}

/**
 * Climbs from ended tasks. All of a level is looked at before any of it is canceled. A barrier is canceled itself,
 * but nothing above it for its sake.
 */
function cancelDeadEnds<Id>(
  statuses: Map<Id, TaskStatus>,
  graph: Graph<Id>,
  ended: readonly Id[],
  barriers: ReadonlySet<Id>,
): Id[] {
  const isOpen = (id: Id) => !isTerminal(statuses.get(id)!);
  const canceled: Id[] = [];
  for (let level = ended; level.length > 0;) {
    const above = new Set(level.flatMap((id) => graph.parentsOf.get(id) ?? []).map((link) => link.parent));
    const dead = [...above].filter(
      (id) => isOpen(id) && !graph.childrenOf.get(id)!.some((link) => isOpen(link.child)),
    );
    for (const id of dead) statuses.set(id, 'Canceled');
    canceled.push(...dead);
    level = dead.filter((id) => !barriers.has(id));
  }
  return canceled;
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
