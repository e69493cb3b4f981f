import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeCycle, findCycle, topologicalOrder } from './task-graph.ts';

/** A graph without cycles whose nodes are listed in any order. */
const dag = fc.integer({ min: 0, max: 40 }).chain((size) =>
  fc
    .tuple(
      fc.shuffledSubarray([...Array(size).keys()], { minLength: size }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 120 }),
    )
    .map(([rank, pairs]) => {
      const parents: Set<number>[] = Array.from({ length: size }, () => new Set());
      for (const [a, b] of size < 2 ? [] : pairs) {
        const [low, high] = [Math.min(a % size, b % size), Math.max(a % size, b % size)];
        if (low !== high) parents[rank[high]!]!.add(rank[low]!);
      }
      return parents.map((set) => [...set]);
    }),
);

test('a DAG is ordered with every parent before its children, and has no cycle', () => {
  fc.assert(
    fc.property(dag, (parents) => {
      const order = topologicalOrder(parents);
      expect([...order].sort((a, b) => a - b)).toEqual([...parents.keys()]);
      const positions = new Map(order.map((index, position) => [index, position]));
      for (const [child, list] of parents.entries()) {
        for (const parent of list) expect(positions.get(parent)!).toBeLessThan(positions.get(child)!);
      }
      expect(findCycle(parents, order)).toBeNull();
    }),
  );
});

// proves: http/deps-cycle
test('a cycle laid into a DAG is found, and what is found is a cycle', () => {
  fc.assert(
    fc.property(dag, fc.array(fc.nat(), { minLength: 2, maxLength: 8 }), (graph, picks) => {
      fc.pre(graph.length >= 2);
      const members = [...new Set(picks.map((pick) => pick % graph.length))];
      fc.pre(members.length >= 2);
      const parents = graph.map((list) => new Set(list));
      for (const [i, member] of members.entries()) parents[member]!.add(members.at(i - 1)!);
      const lists = parents.map((set) => [...set]);
      const order = topologicalOrder(lists);
      expect(order.length).toBeLessThan(lists.length);
      const cycle = findCycle(lists, order)!;
      expect(new Set(cycle).size).toBe(cycle.length);
      for (const [i, index] of cycle.entries()) expect(lists[index]).toContain(cycle.at(i - 1));
    }),
  );
});

test('a free task keeps its place in the input', () => {
  expect(topologicalOrder([[], [], [0], []])).toEqual([0, 1, 3, 2]);
});

test('a short cycle is named rather than the long one around it', () => {
  // 0 -> 1 -> ... -> 9 -> 0, and 0 <-> 5.
  const parents = Array.from({ length: 10 }, (_, i) => [(i + 9) % 10]);
  parents[0]!.push(5);
  parents[5]!.push(0);
  const cycle = findCycle(parents, topologicalOrder(parents))!;
  expect(describeCycle(cycle, String)).toMatch(/^(0 -> 5 -> 0|5 -> 0 -> 5)$/);
});

test('ten thousand levels overflow nothing, as a chain and as a cycle', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => (i === 0 ? [] : [i - 1]));
  expect(topologicalOrder(chain)).toEqual([...chain.keys()]);
  const ring = chain.map((list, i) => (i === 0 ? [9_999] : list));
  const cycle = findCycle(ring, topologicalOrder(ring))!;
  expect(cycle).toHaveLength(10_000);
  expect(describeCycle(cycle, String)).toMatch(/^\d+ -> .* -> … 9901 more … -> .* -> \d+$/);
});
