/** What is laid out; widths and heights are those of the boxes. */
export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly source: string;
  readonly target: string;
}

export type Direction = 'right' | 'down';

export interface LayoutRequest {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  readonly direction: Direction;
  /** The size of the window that it is to be seen in. */
  readonly window: { readonly width: number; readonly height: number };
}

/** The middle of each box, in the order of the nodes. */
export type Positions = readonly { readonly x: number; readonly y: number }[];

const RANK_GAP = 140;
const NODE_GAP = 14;
const SWEEPS = 4;
/** A rank with more nodes than this is broken into several lines. */
export const LINE_MAX = 40;

/**
 * Lays a large graph out in ranks in a few milliseconds: each node one rank behind the last of its parents, near the
 * middle of its neighbours; a long rank becomes a block. Edges that close a circle (between groups) count for nothing.
 */
export function layOutInRanks({ nodes, edges, direction }: LayoutRequest): Positions {
  const { parents, children } = neighboursOf({ nodes, edges });
  const ranks = groupByRank(rankNodes(parents, children));
  orderWithinRanks(ranks, parents, children);
  return placeRanks(ranks, nodes, direction);
}

/** How many nodes the longest rank has. */
export function longestRank(graph: Pick<LayoutRequest, 'nodes' | 'edges'>): number {
  const { parents, children } = neighboursOf(graph);
  return Math.max(0, ...groupByRank(rankNodes(parents, children)).map((rank) => rank.length));
}

interface Neighbours {
  readonly parents: readonly number[][];
  readonly children: readonly number[][];
}

function neighboursOf({ nodes, edges }: Pick<LayoutRequest, 'nodes' | 'edges'>): Neighbours {
  const place = new Map(nodes.map(({ id }, index) => [id, index]));
  const parents: number[][] = nodes.map(() => []);
  const children: number[][] = nodes.map(() => []);
  for (const { source, target } of edges) {
    const from = place.get(source);
    const to = place.get(target);
    if (from === undefined || to === undefined || from === to) continue;
    children[from]!.push(to);
    parents[to]!.push(from);
  }
  return { parents, children };
}

/** Kahn's order; what is left over lies on a circle, and is taken up by its first node. */
function rankNodes(parents: readonly number[][], children: readonly number[][]): number[] {
  const open = parents.map((list) => list.length);
  const ranks = parents.map(() => 0);
  const isDone = parents.map(() => false);
  const queue = open.flatMap((count, node) => (count === 0 ? [node] : []));
  let seek = 0;
  for (let next = 0; next < parents.length; next++) {
    if (next === queue.length) {
      while (isDone[seek] === true || queue.includes(seek, next)) seek++;
      queue.push(seek);
    }
    const node = queue[next]!;
    isDone[node] = true;
    for (const child of children[node]!) {
      if (isDone[child] === true) continue;
      ranks[child] = Math.max(ranks[child]!, ranks[node]! + 1);
      open[child]!--;
      if (open[child] === 0) queue.push(child);
    }
  }
  return ranks;
}

function groupByRank(ranks: readonly number[]): number[][] {
  const groups: number[][] = [];
  ranks.forEach((rank, node) => (groups[rank] ??= []).push(node));
  return Array.from(groups, (group) => group ?? []);
}

/** Moves each node to the middle of its parents, then of its children, a few times. */
function orderWithinRanks(
  ranks: readonly number[][],
  parents: readonly number[][],
  children: readonly number[][],
): void {
  const share = new Map<number, number>();
  const number = (rank: readonly number[]): void =>
    rank.forEach((node, index) => share.set(node, (index + 0.5) / rank.length));
  ranks.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    const neighbours = isDown ? parents : children;
    for (const rank of isDown ? ranks : ranks.toReversed()) {
      const middle = new Map(
        rank.map((node) => {
          const list = neighbours[node]!;
          const sum = list.reduce((total, other) => total + share.get(other)!, 0);
          return [node, list.length === 0 ? share.get(node)! : sum / list.length];
        }),
      );
      rank.sort((a, b) => middle.get(a)! - middle.get(b)! || a - b);
      number(rank);
    }
  }
}

function placeRanks(
  ranks: readonly number[][],
  nodes: readonly LayoutNode[],
  direction: Direction,
): Positions {
  const positions = nodes.map(() => ({ x: 0, y: 0 }));
  const isRight = direction === 'right';
  let offset = 0;
  for (const rank of ranks) {
    if (rank.length === 0) continue;
    const width = Math.max(...rank.map((node) => nodes[node]!.width)) + NODE_GAP;
    const height = Math.max(...rank.map((node) => nodes[node]!.height)) + NODE_GAP;
    const [along, across] = isRight ? [width, height] : [height, width];
    const lines = Math.ceil(rank.length / Math.max(LINE_MAX, Math.ceil(Math.sqrt(rank.length) * 1.6)));
    const perLine = Math.ceil(rank.length / lines);
    rank.forEach((node, index) => {
      // Neighbours in the order stay neighbours: line by line within a column of the block.
      const main = offset + (index % lines) * along;
      const cross = (Math.floor(index / lines) - (perLine - 1) / 2) * across;
      positions[node] = isRight ? { x: main, y: cross } : { x: cross, y: main };
    });
    offset += lines * along + RANK_GAP;
  }
  return positions;
}
