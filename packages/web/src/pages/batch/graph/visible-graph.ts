import type { BasicTask, Link } from '../../../api/types.ts';
import type { GraphIndex } from './graph-index.ts';

/** More nodes than this are not drawn at once: the page would stand still. */
export const NODES_MAX = 3000;
/** With more tasks than this, a batch opens as groups. */
export const GROUPED_ABOVE = 2500;
/** Kinds beyond so many share one group. */
const GROUPS_MAX = 400;
export const OTHER_KINDS = 'other kinds';

export type VisibleNode =
  | { readonly id: string; readonly type: 'task'; readonly position: number; readonly kind: string }
  | {
      readonly id: string;
      readonly type: 'group';
      readonly positions: readonly number[];
      readonly kind: string;
    };

interface VisibleEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** None of the links that it stands for needs the parent to succeed. */
  readonly isOptional: boolean;
  /** How many links it stands for. */
  readonly count: number;
}

export interface VisibleGraph {
  readonly nodes: readonly VisibleNode[];
  readonly edges: readonly VisibleEdge[];
  /** The node that shows a task. */
  readonly nodeOf: readonly string[];
}

/** Which kinds are drawn as one node each. */
export interface Grouping {
  readonly isGrouped: boolean;
  /** The kinds that are the other way round. */
  readonly except: ReadonlySet<string>;
}

export const isGroupedKind = ({ isGrouped, except }: Grouping, kind: string): boolean =>
  isGrouped !== except.has(kind);

/** Under which name the tasks of a kind are grouped. */
export function nameGroups(tasks: readonly BasicTask[]): ReadonlyMap<string, string> {
  const sizes = Map.groupBy(tasks, ({ kind }) => kind);
  const bySize = [...sizes].toSorted(([, a], [, b]) => b.length - a.length);
  return new Map(
    bySize.map(([kind], place) => [
      kind,
      bySize.length > GROUPS_MAX && place >= GROUPS_MAX - 1 ? OTHER_KINDS : kind,
    ]),
  );
}

/** The graph that is drawn: tasks, and groups of tasks with the links between them drawn together. */
export function visibleGraph(
  index: GraphIndex,
  tasks: readonly BasicTask[],
  links: readonly Link[],
  grouping: Grouping,
): VisibleGraph {
  const groupOf = nameGroups(tasks);
  const members = new Map<string, number[]>();
  const nodes: VisibleNode[] = [];
  const nodeOf = tasks.map(({ id, kind }, position) => {
    const group = groupOf.get(kind)!;
    if (!isGroupedKind(grouping, group)) {
      nodes.push({ id, type: 'task', position, kind });
      return id;
    }
    const positions = members.get(group);
    if (positions === undefined) members.set(group, [position]);
    else positions.push(position);
    return groupId(group);
  });
  for (const [kind, positions] of members) nodes.push({ id: groupId(kind), type: 'group', positions, kind });

  const edges = new Map<string, { source: string; target: string; isOptional: boolean; count: number }>();
  for (const { parent_id: parentId, child_id: childId, requires_success: isRequired } of links) {
    const source = nodeOf[index.positionOf.get(parentId) ?? -1];
    const target = nodeOf[index.positionOf.get(childId) ?? -1];
    if (source === undefined || target === undefined || source === target) continue;
    const key = `${source} ${target}`;
    const edge = edges.get(key);
    if (edge === undefined) edges.set(key, { source, target, isOptional: !isRequired, count: 1 });
    else {
      edge.count++;
      edge.isOptional &&= !isRequired;
    }
  }
  return { nodes, edges: [...edges].map(([id, edge]) => ({ id, ...edge })), nodeOf };
}

/** No task has such an id. */
export const groupId = (kind: string): string => `kind:${kind}`;
