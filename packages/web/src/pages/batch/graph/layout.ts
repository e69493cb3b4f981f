import { Graph, layout } from '@dagrejs/dagre';
import { foldLayout } from './fold-layout.ts';
import {
  type LayoutRequest,
  layOutInRanks,
  longestRank,
  type Positions,
  rankRoom,
} from './layered-layout.ts';

/** Dagre's time grows steeply with the nodes and edges; beyond this it is not worth the wait. */
const DAGRE_MAX = 1200;

/** Where the boxes of a graph go. */
export function layOut(request: LayoutRequest): Positions {
  const isLarge =
    request.nodes.length + request.edges.length > DAGRE_MAX || longestRank(request) > rankRoom(request);
  return isLarge ? layOutInRanks(request) : foldLayout(request, layOutByDagre(request));
}

function layOutByDagre({ nodes, edges, direction }: LayoutRequest): Positions {
  const graph = new Graph();
  graph.setGraph({ rankdir: direction === 'right' ? 'LR' : 'TB', nodesep: 18, ranksep: 60, edgesep: 10 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { source, target } of edges) graph.setEdge(source, target);
  layout(graph);
  return nodes.map(({ id }) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { x, y };
  });
}
