import type { BasicTask } from '../../../api/types.ts';
import type { Emphasis } from './graph-canvas.ts';
import { criticalPath, type GraphIndex, reach } from './graph-index.ts';
import type { VisibleGraph } from './visible-graph.ts';

/** The nodes before and behind the chosen one, whether it stands for a task or for many. */
export function nearNodes(
  index: GraphIndex,
  graph: VisibleGraph,
  chosen: string | undefined,
): ReadonlySet<string> | undefined {
  const node = graph.nodes.find(({ id }) => id === chosen);
  if (node === undefined) return undefined;
  const near = new Set<string>();
  const from = node.type === 'task' ? [node.position] : node.positions;
  for (const way of ['parents', 'children'] as const) {
    const seen = new Set<number>();
    for (const start of from) {
      if (seen.has(start)) continue;
      for (const position of reach(index, start, way)) seen.add(position);
    }
    for (const position of seen) near.add(graph.nodeOf[position]!);
  }
  return near;
}

const NONE: Pick<Emphasis, 'criticalNodes' | 'criticalEdges'> = {
  criticalNodes: new Set(),
  criticalEdges: new Set(),
};

/** The nodes and edges that the longest way goes through. */
export function criticalElements(
  index: GraphIndex,
  graph: VisibleGraph,
  tasks: readonly BasicTask[],
  isShown: boolean,
): Pick<Emphasis, 'criticalNodes' | 'criticalEdges'> {
  if (!isShown) return NONE;
  const path = criticalPath(index, tasks, Date.now()).map((position) => graph.nodeOf[position]!);
  return {
    criticalNodes: new Set(path),
    criticalEdges: new Set(path.slice(1).map((node, place) => `${path[place]!} ${node}`)),
  };
}
