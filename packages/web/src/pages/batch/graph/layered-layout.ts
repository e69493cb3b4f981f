/** What is laid out; widths and heights are those of the boxes. */
interface LayoutNode {
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
const BLOCK_RATIO = 2;
/** Boxes smaller than this, of one to one, are only seen as marks. */
const MARK = 0.3;

/**
 * Lays a large graph out in ranks in a few milliseconds: each node one rank behind the last of its parents, near the
 * middle of its neighbours; a long rank becomes a block. Edges that close a circle (between groups) count for nothing.
 */
export function layOutInRanks(request: LayoutRequest): Positions {
  const { nodes, edges } = request;
  const { parents, children } = neighboursOf({ nodes, edges });
  const ranks = groupByRank(rankNodes(parents, children));
  orderWithinRanks(ranks, parents, children);
  return placeRanks(ranks, request);
}

/** How many nodes of a rank can lie side by side in the window, and still be told apart. */
export function rankRoom({ nodes, direction, window }: LayoutRequest): number {
  const across = direction === 'right' ? window.height : window.width;
  const size = Math.max(...nodes.map(({ width, height }) => (direction === 'right' ? height : width)));
  return Math.max(4, Math.floor(across / (MARK * (size + NODE_GAP))));
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

function placeRanks(ranks: readonly number[][], request: LayoutRequest): Positions {
  const { nodes, direction, window } = request;
  const positions = nodes.map(() => ({ x: 0, y: 0 }));
  const isRight = direction === 'right';
  const room = rankRoom(request);
  // Blocks are a little taller than the window is wide for them, since several stand side by side.
  const ratio = BLOCK_RATIO * (isRight ? window.height / window.width : window.width / window.height);
  let offset = 0;
  for (const rank of ranks) {
    if (rank.length === 0) continue;
    const width = Math.max(...rank.map((node) => nodes[node]!.width)) + NODE_GAP;
    const height = Math.max(...rank.map((node) => nodes[node]!.height)) + NODE_GAP;
    const [along, across] = isRight ? [width, height] : [height, width];
    const side = Math.ceil(Math.sqrt((rank.length * ratio * along) / across));
    const lines = Math.ceil(rank.length / Math.max(side, Math.min(room, rank.length)));
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
