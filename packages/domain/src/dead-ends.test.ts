import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { propagateEnd } from './propagation.ts';
import {
  follows,
  type Graph,
  graphs,
  initialStatuses,
  orders,
  requires,
  statusesAfter,
  withoutDeadEnds,
} from './sample-graphs.ts';
import { isTerminal, type TaskStatus, type TerminalStatus } from './status.ts';

describe('a dead end', () => {
  // proves: lifecycle/dead-end-climbs
  test('an only leaf that is canceled takes its unfinished ancestors with it', () => {
    const links = [requires('a', 'b'), follows('b', 'c')];
    const before = { a: 'Running', b: 'Waiting', c: 'Paused' } as const;
    expect(statusesAfter(before, links, [['c', 'Canceled']])).toEqual({
      a: 'Canceled',
      b: 'Canceled',
      c: 'Canceled',
    });
  });

  // proves: lifecycle/dead-end
  test('is one only when the last of its children has ended', () => {
    const links = [requires('a', 'b'), requires('a', 'c')];
    const before = { a: 'Running', b: 'Waiting', c: 'Waiting' } as const;
    expect(statusesAfter(before, links, [['b', 'Canceled']]).a).toBe('Running');
    expect(
      statusesAfter(before, links, [
        ['b', 'Canceled'],
        ['c', 'Canceled'],
      ]).a,
    ).toBe('Canceled');
  });

  test('is what another parent of a task becomes that fails by cascade', () => {
    const links = [requires('a', 'join'), follows('b', 'join'), requires('root', 'b')];
    const before = { root: 'Running', a: 'Running', b: 'Waiting', join: 'Waiting' } as const;
    expect(statusesAfter(before, links, [['a', 'Failure']])).toEqual({
      root: 'Canceled',
      a: 'Failure',
      b: 'Canceled',
      join: 'Failure',
    });
  });

  // proves: lifecycle/dead-end-childless
  test('is never a task without children, nor one that has ended', () => {
    const links = [requires('a', 'b'), follows('done', 'b')];
    const before = { alone: 'Running', done: 'Success', a: 'Pending', b: 'Waiting' } as const;
    expect(statusesAfter(before, links, [['b', 'Canceled']])).toEqual({
      alone: 'Running',
      done: 'Success',
      a: 'Canceled',
      b: 'Canceled',
    });
  });

  // proves: lifecycle/dead-end-barrier
  test('with a barrier is canceled itself, and stops the climb', () => {
    const links = [requires('a', 'b'), requires('b', 'c')];
    const before = { a: 'Running', b: 'Waiting', c: 'Waiting' } as const;
    const rules = { barriers: new Set(['b']) };
    expect(statusesAfter(before, links, [['c', 'Canceled']], rules)).toEqual({
      a: 'Running',
      b: 'Canceled',
      c: 'Canceled',
    });
    // A barrier that ends in another way stops nothing.
    expect(statusesAfter(before, links, [['b', 'Canceled']], rules)).toEqual({
      a: 'Canceled',
      b: 'Canceled',
      c: 'Failure',
    });
  });

  // proves: lifecycle/dead-end-off
  test('is left alone when dead ends are off', () => {
    const before = { a: 'Running', b: 'Waiting' } as const;
    const after = statusesAfter(before, [requires('a', 'b')], [['b', 'Canceled']], { deadEnds: false });
    expect(after).toEqual({ a: 'Running', b: 'Canceled' });
  });
});

/** One end among those that the lifecycle allows: a report of what is Pending, or the cancel of anything. */
interface End {
  readonly task: number;
  readonly outcome: TerminalStatus;
}

const isOpen = (status: TaskStatus): boolean => !isTerminal(status);

/** Ends tasks in some order until all have ended; `check` sees each end with the states before and after it. */
function endAll(
  graph: Graph,
  order: Iterator<number>,
  check: (end: End, before: ReadonlyMap<number, TaskStatus>, after: ReadonlyMap<number, TaskStatus>) => void,
): void {
  const statuses = initialStatuses(graph);
  for (;;) {
    const open = [...statuses].filter(([, status]) => isOpen(status));
    if (open.length === 0) return;
    const [task, status] = open[order.next().value! % open.length]!;
    const outcome = status === 'Pending' ? graph.outcomes[task]! : 'Canceled';
    const before = new Map(statuses);
    propagateEnd(statuses, graph.links, task, outcome, graph);
    check({ task, outcome }, before, statuses);
  }
}

describe('in any DAG, dead ends', () => {
  const childrenOf = (graph: Graph, task: number) =>
    graph.links.filter((link) => link.parent === task).map((link) => link.child);

  test('change nothing below, and cancel just those above that nobody needs', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        endAll(graph, order, ({ task, outcome }, before, after) => {
          const without = new Map(before);
          propagateEnd(without, graph.links, task, outcome, withoutDeadEnds);
          for (const [id, status] of after) {
            if (status === without.get(id)) continue;
            // Canceled on top: it had not ended, and it has children, which have all ended.
            expect(status).toBe('Canceled');
            expect(isOpen(without.get(id)!)).toBe(true);
            const children = childrenOf(graph, id);
            expect(children.length).toBeGreaterThan(0);
            expect(children.some((child) => isOpen(after.get(child)!))).toBe(false);
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  test('without barriers never leave an unfinished task whose children have all ended', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        endAll({ ...graph, barriers: new Set() }, order, (_end, _before, after) => {
          for (const [id, status] of after) {
            const children = childrenOf(graph, id);
            if (!isOpen(status) || children.length === 0) continue;
            expect(children.some((child) => isOpen(after.get(child)!))).toBe(true);
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  test('are as many as a search from the tasks that are still needed leaves over', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        endAll({ ...graph, barriers: new Set() }, order, ({ task, outcome }, before, after) => {
          const without = new Map(before);
          propagateEnd(without, graph.links, task, outcome, withoutDeadEnds);
          // Needed: unfinished without children, and whatever has a needed child. By recursion, downward.
          const isNeeded = (id: number): boolean => {
            if (!isOpen(without.get(id)!)) return false;
            const children = childrenOf(graph, id);
            return children.length === 0 || children.some(isNeeded);
          };
          for (const [id, status] of after) expect(isOpen(status)).toBe(isNeeded(id));
        });
      }),
      { numRuns: 500 },
    );
  });

  test('never go beyond a barrier for its sake', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        endAll(graph, order, ({ task, outcome }, before, after) => {
          const without = new Map(before);
          propagateEnd(without, graph.links, task, outcome, withoutDeadEnds);
          const isDeadEnd = (id: number) => after.get(id) !== without.get(id);
          for (const id of after.keys()) {
            if (!isDeadEnd(id)) continue;
            const climbedFrom = childrenOf(graph, id).filter(
              (child) => isOpen(before.get(child)!) && !(isDeadEnd(child) && graph.barriers.has(child)),
            );
            expect(climbedFrom).not.toEqual([]);
          }
        });
      }),
      { numRuns: 500 },
    );
  });
});
