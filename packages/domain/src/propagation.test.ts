import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { propagateEnd, statusByParents } from './propagation.ts';
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
import { isTerminal, type TaskStatus } from './status.ts';

describe('an end', () => {
  // proves: lifecycle/waiting-pending
  test('opens a child whose parents have all ended', () => {
    const links = [requires('a', 'c'), follows('b', 'c')];
    const before = { a: 'Running', b: 'Running', c: 'Waiting' } as const;
    expect(statusesAfter(before, links, [['a', 'Success']]).c).toBe('Waiting');
    expect(
      statusesAfter(before, links, [
        ['a', 'Success'],
        ['b', 'Failure'],
      ]).c,
    ).toBe('Pending');
  });

  // proves: lifecycle/required-parent-failed, lifecycle/canceled-children
  test.each(['Failure', 'Canceled'] as const)('in %s fails what requires it, all the way down', (outcome) => {
    const links = [requires('a', 'b'), requires('b', 'c'), follows('b', 'd')];
    const before = { a: 'Running', b: 'Waiting', c: 'Waiting', d: 'Waiting' } as const;
    expect(statusesAfter(before, links, [['a', outcome]])).toEqual({
      a: outcome,
      b: 'Failure',
      c: 'Failure',
      d: 'Pending',
    });
  });

  // proves: lifecycle/required-parent-failed
  test('fails a child at once, though other parents are still at work', () => {
    const before = { a: 'Running', b: 'Running', c: 'Waiting' } as const;
    expect(statusesAfter(before, [requires('a', 'c'), requires('b', 'c')], [['a', 'Failure']]).c).toBe(
      'Failure',
    );
  });

  // proves: lifecycle/pause-no-shield
  test('never opens a Paused child, but fails it', () => {
    const before = { a: 'Running', b: 'Paused' } as const;
    expect(statusesAfter(before, [requires('a', 'b')], [['a', 'Success']]).b).toBe('Paused');
    expect(statusesAfter(before, [requires('a', 'b')], [['a', 'Failure']]).b).toBe('Failure');
  });

  test('leaves a child alone that has ended by itself', () => {
    const before = { a: 'Running', b: 'Canceled' } as const;
    expect(statusesAfter(before, [requires('a', 'b')], [['a', 'Failure']]).b).toBe('Canceled');
  });

  test('names what changed, the ended one first', () => {
    const statuses = new Map<string, TaskStatus>([
      ['a', 'Running'],
      ['b', 'Waiting'],
      ['c', 'Waiting'],
      ['d', 'Waiting'],
    ]);
    const links = [requires('a', 'b'), follows('a', 'c'), requires('c', 'd')];
    expect(propagateEnd(statuses, links, 'a', 'Failure')).toEqual(['a', 'b', 'c']);
  });
});

/** Ends tasks that are Pending until none is; `choose` says which of them comes next. */
function runToEnd(graph: Graph, choose: (ready: readonly number[]) => number): Map<number, TaskStatus> {
  const statuses = initialStatuses(graph);
  for (;;) {
    const ready = [...statuses].flatMap(([task, status]) => (status === 'Pending' ? [task] : []));
    if (ready.length === 0) return statuses;
    const task = choose(ready);
    propagateEnd(statuses, graph.links, task, graph.outcomes[task]!, withoutDeadEnds);
  }
}

const chooserOf = (order: Iterator<number>) => (ready: readonly number[]) =>
  ready[order.next().value! % ready.length]!;

describe('in any DAG, without dead ends', () => {
  test('the order of the ends does not matter', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        expect(runToEnd(graph, chooserOf(order))).toEqual(runToEnd(graph, (ready) => ready[0]!));
      }),
      { numRuns: 500 },
    );
  });

  // proves: lifecycle/batches-end
  test('every task ends, and fails just when it should', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        const statuses = runToEnd(graph, chooserOf(order));
        // By recursion over the parents: another way to say the same.
        const expected: TaskStatus[] = [];
        for (let task = 0; task < graph.size; task++) {
          const isDoomed = graph.links.some(
            (link) => link.child === task && link.requiresSuccess && expected[link.parent] !== 'Success',
          );
          expected.push(isDoomed ? 'Failure' : graph.outcomes[task]!);
        }
        expect([...statuses.values()]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('between two ends, no task waits without an open parent', () => {
    fc.assert(
      fc.property(graphs, orders, (graph, order) => {
        const choose = chooserOf(order);
        const statuses = initialStatuses(graph);
        for (;;) {
          for (const [task, status] of statuses) {
            if (status !== 'Waiting') continue;
            const parents = graph.links.filter((link) => link.child === task);
            expect(parents.every((link) => isTerminal(statuses.get(link.parent)!))).toBe(false);
            expect(statusByParents('Waiting', parents, statuses)).toBe('Waiting');
          }
          const ready = [...statuses].flatMap(([task, status]) => (status === 'Pending' ? [task] : []));
          if (ready.length === 0) return;
          const task = choose(ready);
          propagateEnd(statuses, graph.links, task, graph.outcomes[task]!, withoutDeadEnds);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the same end again changes nothing more', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const statuses = initialStatuses(graph);
        propagateEnd(statuses, graph.links, 0, graph.outcomes[0]!, graph);
        const once = new Map(statuses);
        expect(propagateEnd(statuses, graph.links, 0, graph.outcomes[0]!, graph)).toEqual([0]);
        expect(statuses).toEqual(once);
      }),
    );
  });
});
