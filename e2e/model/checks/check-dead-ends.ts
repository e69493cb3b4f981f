import type { Facts, TaskFacts } from './facts.ts';
import { causeOf, endReports, type Moments } from './moments.ts';

/** What is left to the background follows within a second or so. */
const BACKGROUND_MS = 3000;

/** Unfinished tasks whose children have all ended are canceled, and no others are as dead ends. */
export function checkDeadEnds(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    if (task.children.length === 0)
      return causeOf(task).what === 'deadEnd' ? [`${task.plan.ref} has no children, but is a dead end`] : [];
    return causeOf(task).what === 'deadEnd' ? checkDeadEnd(task, moments) : checkNeeded(task, facts, moments);
  });
}

const stopsClimb = (task: TaskFacts): boolean => task.plan.deadEndBarrier && causeOf(task).what === 'deadEnd';

/** The children that ended last: those whose end made their parents dead ends. */
function lastChildren({ children }: TaskFacts): TaskFacts[] {
  const last = children
    .map(({ final }) => final.ended_at!)
    .toSorted()
    .at(-1);
  return children.filter(({ final }) => final.ended_at === last);
}

function checkDeadEnd(task: TaskFacts, moments: Moments): string[] {
  const problems: string[] = [];
  for (const child of task.children) {
    if (child.final.ended_at! > task.final.ended_at!)
      problems.push(`${task.plan.ref} is a dead end, but ${child.plan.ref} ended later`);
  }
  // In steps, it hangs on their bounds what is canceled first.
  if (moments.isInline(task) && lastChildren(task).every(stopsClimb))
    problems.push(`${task.plan.ref} is a dead end, although barriers stopped the climb`);
  return problems;
}

/** A task that ended in another way has not been a dead end before. */
function checkNeeded(task: TaskFacts, facts: Facts, moments: Moments): string[] {
  const last = lastChildren(task);
  if (last[0]!.final.ended_at! >= task.final.ended_at! || last.some(stopsClimb)) return [];
  const childrenEndedMs = Math.max(...task.children.map((child) => moments.end(child).latestMs));
  const isAtOnce = moments.isInline(task) && last.every((child) => isByReport(child, facts));
  const limitMs = childrenEndedMs + (isAtOnce ? 0 : BACKGROUND_MS);
  const isLate =
    moments.end(task).earliestMs > limitMs ||
    task.starts.some(({ arrivedMs }) => arrivedMs > limitMs + BACKGROUND_MS);
  return isLate ? [`${task.plan.ref} went on, although all its children had ended`] : [];
}

/** Whether its end followed from a report, whose answer says that all its effects are there. */
function isByReport(task: TaskFacts, facts: Facts): boolean {
  const cause = causeOf(task);
  if (cause.what === 'reported') return endReports(task).length > 0;
  const parent = cause.what === 'cascaded' ? facts.byId.get(cause.parentId) : undefined;
  return parent !== undefined && isByReport(parent, facts);
}
