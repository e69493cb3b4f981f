import type { LayoutRequest, Positions } from './layered-layout.ts';

/** Below this size of one to one, names cannot be read. */
const READABLE = 0.45;
/** Folded only when it makes everything that much larger. */
const WORTH_IT = 1.5;
const ROWS_MAX = 8;
const ROW_GAP = 70;
const RANK_GAP = 60;

interface Rank {
  readonly members: number[];
  /** Its extent along the way that the graph runs, and across it. */
  readonly along: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Breaks a graph that is much longer than its window into rows, as text is broken into lines: a chain of fifty tasks is
 * read then, where it would be a thread. Graphs that are readable as they are stay so.
 */
export function foldLayout(request: LayoutRequest, positions: Positions): Positions {
  const { nodes, direction, window } = request;
  if (nodes.length === 0) return positions;
  const isRight = direction === 'right';
  const room = isRight ? window : { width: window.height, height: window.width };
  const ranks = findRanks(request, positions);
  const zoomOf = (rows: readonly Rank[][]): number => {
    const length = Math.max(...rows.map(lengthOf));
    const depth = rows.reduce((sum, row) => sum + depthOf(row) + ROW_GAP, -ROW_GAP);
    return Math.min(room.width / length, room.height / depth);
  };
  const asItIs = zoomOf([ranks]);
  if (asItIs >= READABLE) return positions;
  let best = { rows: [ranks], zoom: asItIs };
  for (let count = 2; count <= Math.min(ROWS_MAX, ranks.length); count++) {
    const rows = breakInto(ranks, count);
    const zoom = zoomOf(rows);
    if (zoom > best.zoom) best = { rows, zoom };
  }
  return best.zoom < WORTH_IT * asItIs ? positions : placeRows(best.rows, positions, isRight);
}

/** Nodes whose middles lie on one line across the way are a rank. */
function findRanks({ nodes, direction }: LayoutRequest, positions: Positions): Rank[] {
  const isRight = direction === 'right';
  const lines = Map.groupBy(nodes.keys(), (index) =>
    Math.round(isRight ? positions[index]!.x : positions[index]!.y),
  );
  return [...lines]
    .toSorted(([a], [b]) => a - b)
    .map(([, members]) => {
      const sizes = members.map((index) => nodes[index]!);
      const acrosses = members.map((index) => (isRight ? positions[index]!.y : positions[index]!.x));
      const half = Math.max(...sizes.map(({ width, height }) => (isRight ? height : width))) / 2;
      return {
        members,
        along: Math.max(...sizes.map(({ width, height }) => (isRight ? width : height))),
        from: Math.min(...acrosses) - half,
        to: Math.max(...acrosses) + half,
      };
    });
}

const lengthOf = (row: readonly Rank[]): number =>
  row.reduce((sum, { along }) => sum + along + RANK_GAP, -RANK_GAP);

const depthOf = (row: readonly Rank[]): number =>
  Math.max(...row.map(({ to }) => to)) - Math.min(...row.map(({ from }) => from));

function breakInto(ranks: readonly Rank[], count: number): Rank[][] {
  const perRow = Math.ceil(ranks.length / count);
  return Array.from({ length: Math.ceil(ranks.length / perRow) }, (_, row) =>
    ranks.slice(row * perRow, (row + 1) * perRow),
  );
}

function placeRows(rows: readonly Rank[][], positions: Positions, isRight: boolean): Positions {
  const placed = positions.slice();
  let top = 0;
  for (const row of rows) {
    const shift = top - Math.min(...row.map(({ from }) => from));
    let offset = 0;
    for (const { members, along } of row) {
      for (const index of members) {
        const main = offset + along / 2;
        const cross = (isRight ? positions[index]!.y : positions[index]!.x) + shift;
        placed[index] = isRight ? { x: main, y: cross } : { x: cross, y: main };
      }
      offset += along + RANK_GAP;
    }
    top += depthOf(row) + ROW_GAP;
  }
  return placed;
}
