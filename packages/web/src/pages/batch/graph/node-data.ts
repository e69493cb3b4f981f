import type { BasicTask, Status } from '../../../api/types.ts';
import { batchState } from '../../../components/batch-state.tsx';
import { countName, isEnded, RETRIED, STATUSES } from '../../../components/statuses.ts';
import { countByStatus } from './count-by-status.ts';
import type { Palette } from './palette.ts';
import type { VisibleNode } from './visible-graph.ts';

export const NODE_SIZES = {
  task: { width: 184, height: 36 },
  group: { width: 236, height: 64 },
} as const;

/** What is drawn of a node. */
export interface NodeData {
  readonly id: string;
  readonly type: 'task' | 'group';
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly status: Status;
  /** The colours of its ground from left to right, and where each begins or ends. */
  readonly fills: string | undefined;
  readonly stops: string | undefined;
}

export function nodeData(node: VisibleNode, tasks: readonly BasicTask[], palette: Palette): NodeData {
  const { id, type } = node;
  if (node.type === 'task') {
    const task = tasks[node.position]!;
    return {
      id,
      type,
      ...NODE_SIZES.task,
      label: task.attempt > 1 ? `${RETRIED}${task.attempt} ${task.name}` : task.name,
      status: task.status,
      ...taskGround(task, palette),
    };
  }
  const members = node.positions.map((position) => tasks[position]!);
  const counts = countByStatus(members);
  const ended = counts.success + counts.failure + counts.canceled;
  const share = Math.floor((100 * ended) / members.length);
  return {
    id,
    type,
    ...NODE_SIZES.group,
    label: `${node.kind}\n${members.length.toLocaleString()} ${members.length === 1 ? 'task' : 'tasks'}, ${share} % ended`,
    status: batchState(counts).status,
    ...toGradient(
      STATUSES.map((status) => ({
        color: isEnded(status) ? palette.status[status].strongTint : palette.status[status].tint,
        share: counts[countName(status)] / members.length,
      })),
    ),
  };
}

/** How far a task is, of what it said that it has to do. */
export function taskProgress({
  status,
  success,
  failures,
  expected_count: expected,
}: BasicTask): number | null {
  if (isEnded(status) || expected === null || expected === 0) return null;
  return Math.min(1, (success + failures) / expected);
}

function taskGround(task: BasicTask, palette: Palette): Pick<NodeData, 'fills' | 'stops'> {
  const progress = taskProgress(task);
  if (progress === null || progress === 0) return { fills: undefined, stops: undefined };
  const { strongTint, tint } = palette.status[task.status];
  return toGradient([
    { color: strongTint, share: progress },
    { color: tint, share: 1 - progress },
  ]);
}

function toGradient(
  parts: readonly { readonly color: string; readonly share: number }[],
): Pick<NodeData, 'fills' | 'stops'> {
  const fills: string[] = [];
  const stops: string[] = [];
  let from = 0;
  for (const { color, share } of parts) {
    if (share === 0) continue;
    const to = Math.min(1, from + share);
    fills.push(color, color);
    stops.push(`${(100 * from).toFixed(2)}%`, `${(100 * to).toFixed(2)}%`);
    from = to;
  }
  return { fills: fills.join(' '), stops: stops.join(' ') };
}
