import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import type { Workflow, WorkflowTask } from './workflow-format.ts';
import { longestPathSeconds } from './workflow-shape.ts';

interface GenerateOptions {
  /** The same seed and sizes give the same workflow, on every machine. */
  seed: number;
  tasks?: number;
  /** Levels of the graph, exactly. */
  levels?: number;
  /** Parents of the task with the most parents, exactly; 0 only with one level. */
  fanIn?: number;
}

/** Parents of ordinary tasks, at most: most tasks of real workflows have one to three. */
const MAX_ORDINARY_PARENTS = 6;
const SHORTEST_MS = 35;
const LONGEST_MS = 45_000;

/**
 * Generates a workflow of the shapes that production runs have: a few very wide levels between
 * bottlenecks of one or a few tasks, one task that gathers a whole level, few parents elsewhere.
 * Throws RangeError for sizes that no graph has.
 */
export function generateWorkflow(options: GenerateOptions): Workflow {
  const { seed, tasks = 1700, levels = 8, fanIn = 400 } = options;
  checkSizes(tasks, levels, fanIn);
  const random = createRandom(seed);
  // The level whose tasks are gathered by the first task of the next one.
  const gatheredLevel = levels === 1 ? 0 : random.below(levels - 1);
  const widths = chooseWidths(random, { tasks, levels, fanIn, gatheredLevel });
  const byLevel: WorkflowTask[][] = [];
  for (const [level, width] of widths.entries()) {
    const tasksOfLevel: WorkflowTask[] = [];
    for (let n = 0; n < width; n += 1) {
      const gathers = levels > 1 && level === gatheredLevel + 1 && n === 0;
      const parents = gathers
        ? pick(random, byLevel[gatheredLevel] ?? [], fanIn)
        : chooseParents(random, byLevel, fanIn);
      tasksOfLevel.push({
        id: `l${level + 1}_${n + 1}`,
        kind: gathers ? 'gather' : `stage-${level + 1}`,
        runtime_seconds: chooseRuntimeMs(random) / 1000,
        parents: parents.map((parent) => parent.id),
      });
    }
    byLevel.push(tasksOfLevel);
  }
  const all = byLevel.flat();
  return {
    name: `generated-${tasks}-${levels}-${fanIn}-seed-${seed}`,
    // With enough room for all, a run takes its longest path.
    makespan_seconds: longestPathSeconds(all),
    tasks: all,
  };
}

function checkSizes(tasks: number, levels: number, fanIn: number): void {
  const whole = [tasks, levels, fanIn].every((size) => Number.isSafeInteger(size));
  if (!whole || levels < 1)
    throw new RangeError('tasks, levels and fanIn must be whole numbers, levels 1 or more');
  if (levels === 1 && fanIn !== 0)
    throw new RangeError('with one level nothing has parents: fanIn must be 0');
  if (levels > 1 && fanIn < 1) throw new RangeError('with several levels fanIn must be 1 or more');
  const fewest = levels - 1 + Math.max(1, fanIn);
  if (tasks < fewest)
    throw new RangeError(`${levels} levels and a fan-in of ${fanIn} need ${fewest} tasks or more`);
}

function chooseWidths(
  random: Random,
  sizes: { tasks: number; levels: number; fanIn: number; gatheredLevel: number },
): number[] {
  const widths = Array.from({ length: sizes.levels }, () => 1);
  widths[sizes.gatheredLevel] = Math.max(1, sizes.fanIn);
  let left = sizes.tasks - widths.reduce((sum, width) => sum + width, 0);
  // Each level but the last takes the cube of a random share, so that most stay narrow.
  for (let level = 0; level < sizes.levels - 1; level += 1) {
    const share = random.fraction();
    const more = Math.floor(left * share * share * share);
    widths[level] = (widths[level] ?? 0) + more;
    left -= more;
  }
  const rest = random.below(sizes.levels);
  widths[rest] = (widths[rest] ?? 0) + left;
  return widths;
}

/** One parent of the level above makes the level exact; the others come from anywhere above. */
function chooseParents(random: Random, above: readonly WorkflowTask[][], fanIn: number): WorkflowTask[] {
  const direct = above.at(-1);
  if (direct === undefined) return [];
  const share = random.fraction();
  const wanted = Math.min(fanIn, 1 + Math.floor(MAX_ORDINARY_PARENTS * share * share));
  const parents = new Set([direct[random.below(direct.length)]]);
  for (let n = 1; n < wanted; n += 1) {
    const level = above[random.below(above.length)] ?? direct;
    parents.add(level[random.below(level.length)]);
  }
  return [...parents].filter((parent) => parent !== undefined);
}

/** `count` different ones, in their order. */
function pick(random: Random, from: readonly WorkflowTask[], count: number): WorkflowTask[] {
  const picked: WorkflowTask[] = [];
  for (const [index, candidate] of from.entries()) {
    const wanted = count - picked.length;
    if (random.below(from.length - index) < wanted) picked.push(candidate);
  }
  return picked;
}

/** Short ones are frequent, as in real runs. */
function chooseRuntimeMs(random: Random): number {
  const share = random.fraction();
  return SHORTEST_MS + Math.floor((LONGEST_MS - SHORTEST_MS) * share * share);
}
