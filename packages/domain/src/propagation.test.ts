import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Link, propagateEnd, type PropagationRules, statusByParents } from './propagation.ts';
import { isTerminal, type TaskStatus, type TerminalStatus } from './status.ts';

const requires = (parent: string, child: string): Link<string> => ({ parent, child, requiresSuccess: true });
const follows = (parent: string, child: string): Link<string> => ({ parent, child, requiresSuccess: false });

function statusesAfter(
  before: Record<string, TaskStatus>,
  links: readonly Link<string>[],
  ends: readonly [task: string, outcome: TerminalStatus][],
  rules: PropagationRules<string> = {},
): Record<string, TaskStatus> {
  const statuses = new Map(Object.entries(before));
  for (const [task, outcome] of ends) propagateEnd(statuses, links, task, outcome, rules);
  return Object.fromEntries(statuses);
}

describe('an end', () => {
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

  test('fails a child at once, though other parents are still at work', () => {
    const before = { a: 'Running', b: 'Running', c: 'Waiting' } as const;
    expect(statusesAfter(before, [requires('a', 'c'), requires('b', 'c')], [['a', 'Failure']]).c).toBe(
      'Failure',
    );
  });

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

describe('a dead end', () => {
  test('an only leaf that is canceled takes its unfinished ancestors with it', () => {
    const links = [requires('a', 'b'), follows('b', 'c')];
    const before = { a: 'Running', b: 'Waiting', c: 'Paused' } as const;
    expect(statusesAfter(before, links, [['c', 'Canceled']])).toEqual({
      a: 'Canceled',
      b: 'Canceled',
      c: 'Canceled',
    });
  });

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

  test('is left alone when dead ends are off', () => {
    const before = { a: 'Running', b: 'Waiting' } as const;
    const after = statusesAfter(before, [requires('a', 'b')], [['b', 'Canceled']], { deadEnds: false });
    expect(after).toEqual({ a: 'Running', b: 'Canceled' });
  });
});

interface Graph {
  readonly size: number;
  readonly links: readonly Link<number>[];
  /** How each task would end if it ran. */
  readonly outcomes: readonly TerminalStatus[];
  readonly barriers: ReadonlySet<number>;
}

const graphs: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 12 }).chain((size) => {
  const pairs = Array.from({ length: size }, (_, child) =>
    Array.from({ length: child }, (__, parent) => ({ parent, child })),
  ).flat();
  return fc.record({
    size: fc.constant(size),
    links: fc
      .tuple(...pairs.map(() => fc.constantFrom('none', 'none', 'requires', 'follows')))
      .map((kinds) =>
        pairs.flatMap((pair, index) =>
          kinds[index] === 'none' ? [] : [{ ...pair, requiresSuccess: kinds[index] === 'requires' }],
        ),
      ),
    outcomes: fc.array(fc.constantFrom<TerminalStatus[]>('Success', 'Success', 'Failure', 'Canceled'), {
      minLength: size,
      maxLength: size,
    }),
    barriers: fc.uniqueArray(fc.nat(size - 1)).map((ids) => new Set(ids)),
  });
});

function initialStatuses({ size, links }: Graph): Map<number, TaskStatus> {
  const children = new Set(links.map((link) => link.child));
  return new Map(
    Array.from({ length: size }, (_, task): [number, TaskStatus] => [
      task,
      children.has(task) ? 'Waiting' : 'Pending',
    ]),
  );
}

/** With dead ends, the order of the ends matters: who ends first may be needed still. */
const withoutDeadEnds = { deadEnds: false };

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

/** A choice among the ready ones for each step, as fast-check shrinks them. */
const orders = fc.infiniteStream(fc.nat());
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
