import { describe, expect, test } from 'vitest';
import type { LayoutEdge, LayoutRequest, Positions } from './layered-layout.ts';
import { layOut } from './layout.ts';

const BOX = { width: 184, height: 36 };
const WINDOW = { width: 1240, height: 540 };

const request = (count: number, edges: readonly (readonly [number, number])[]): LayoutRequest => ({
  nodes: Array.from({ length: count }, (_, n) => ({ id: String(n), ...BOX })),
  edges: edges.map(([from, to]): LayoutEdge => ({ source: String(from), target: String(to) })),
  direction: 'right',
  window: WINDOW,
});

/** The size at which all of it is seen. */
function zoomOf(positions: Positions): number {
  const xs = positions.map(({ x }) => x);
  const ys = positions.map(({ y }) => y);
  return Math.min(
    WINDOW.width / (Math.max(...xs) - Math.min(...xs) + BOX.width),
    WINDOW.height / (Math.max(...ys) - Math.min(...ys) + BOX.height),
  );
}

function expectApart(positions: Positions): void {
  const sorted = positions.toSorted((a, b) => a.x - b.x);
  for (const [index, one] of sorted.entries()) {
    for (let next = index + 1; next < sorted.length && sorted[next]!.x - one.x < BOX.width; next++)
      expect(Math.abs(sorted[next]!.y - one.y)).toBeGreaterThanOrEqual(BOX.height);
  }
}

const chain = (count: number) => Array.from({ length: count - 1 }, (_, n) => [n, n + 1] as const);

describe.each([
  ['one node', request(1, [])],
  [
    'a diamond',
    request(4, [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ]),
  ],
  ['a chain that is folded', request(40, chain(40))],
  ['a chain of 2,000', request(2000, chain(2000))],
  [
    'a fan of 1,000',
    request(
      1001,
      Array.from({ length: 1000 }, (_, n) => [0, n + 1] as const),
    ),
  ],
  [
    'a circle between groups',
    request(3, [
      [0, 1],
      [1, 2],
      [2, 0],
    ]),
  ],
  ['a large circle', request(1500, [...chain(1500), [1499, 0]])],
  ['no edges', request(700, [])],
])('%s', (_name, given) => {
  const positions = layOut(given);

  test('every box has a place of its own', () => {
    expect(positions).toHaveLength(given.nodes.length);
    expect(positions.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    expectApart(positions);
  });
});

test('children lie to the right of their parents, also in large graphs', () => {
  const edges = Array.from({ length: 1999 }, (_, n) => [Math.floor(n / 3), n + 1] as const);
  const positions = layOut(request(2000, edges));
  for (const [parent, child] of edges) expect(positions[child]!.x).toBeGreaterThan(positions[parent]!.x);
});

test('a chain of 40 can be read', () => {
  expect(zoomOf(layOut(request(40, chain(40))))).toBeGreaterThan(0.5);
});

test('a fan of 1,000 is a block and no thread', () => {
  const fan = request(
    1001,
    Array.from({ length: 1000 }, (_, n) => [0, n + 1] as const),
  );
  expect(zoomOf(layOut(fan))).toBeGreaterThan(0.12);
});

test('a large graph is laid out in no time', () => {
  const before = process.cpuUsage();
  layOut(
    request(
      3000,
      Array.from({ length: 9000 }, (_, n) => [n % 1500, 1500 + ((n * 7) % 1500)] as const),
    ),
  );
  // Not the time that others take of the processor.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
});
