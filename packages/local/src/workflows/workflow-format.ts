import { readFile } from 'node:fs/promises';
import { findCycle } from './workflow-shape.ts';

export interface WorkflowTask {
  id: string;
  kind: string;
  /** How long it took when it was measured. */
  runtime_seconds: number;
  /** Ids of the tasks that must have succeeded before. */
  parents: string[];
}

/** A recorded run of a real workflow. */
export interface Workflow {
  name: string;
  makespan_seconds: number;
  tasks: WorkflowTask[];
}

/** A file that is no workflow; the message is a sentence for the person who named the file. */
export class WorkflowError extends Error {
  override readonly name = 'WorkflowError';
}

/** Reads and checks a workflow file; throws WorkflowError, which names the file and the field. */
export async function readWorkflow(file: string): Promise<Workflow> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new WorkflowError(`Cannot read the workflow ${file}: ${readableReason(error)}.`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkflowError(`The workflow ${file} is not JSON: ${reason}.`, { cause: error });
  }
  const checked = checkWorkflow(value);
  if (!checked.ok) throw new WorkflowError(`The workflow ${file} cannot be run: ${checked.problem}.`);
  return checked.workflow;
}

type CheckedWorkflow = { ok: true; workflow: Workflow } | { ok: false; problem: string };

/** Checks a parsed file, unknown fields ignored; the problem is the first one found, with its field. */
export function checkWorkflow(value: unknown): CheckedWorkflow {
  if (!isRecord(value)) return problem('the file must hold an object with name, makespan_seconds and tasks');
  const { name, makespan_seconds, tasks } = value;
  if (!isFilled(name)) return problem('name must be a text that is not blank');
  if (!isSeconds(makespan_seconds)) return problem('makespan_seconds must be a number, 0 or more');
  if (!Array.isArray(tasks) || tasks.length === 0)
    return problem('tasks must be an array with at least one task');
  const read: WorkflowTask[] = [];
  for (const [index, entry] of tasks.entries()) {
    const task = checkTask(entry);
    if (typeof task === 'string') return problem(`tasks[${index}]${task}`);
    read.push(task);
  }
  const wrong = checkParents(read);
  return wrong === undefined
    ? { ok: true, workflow: { name, makespan_seconds, tasks: read } }
    : problem(wrong);
}

/** The task, or what is wrong with it, to be put behind `tasks[n]`. */
function checkTask(entry: unknown): WorkflowTask | string {
  if (!isRecord(entry)) return ' must be an object with id, kind, runtime_seconds and parents';
  const { id, kind, runtime_seconds, parents } = entry;
  if (!isFilled(id)) return '.id must be a text that is not blank';
  if (!isFilled(kind)) return '.kind must be a text that is not blank';
  if (!isSeconds(runtime_seconds)) return '.runtime_seconds must be a number, 0 or more';
  if (!Array.isArray(parents)) return '.parents must be an array of task ids';
  const ids: string[] = [];
  for (const [index, parent] of parents.entries()) {
    if (typeof parent !== 'string') return `.parents[${index}] must be the id of a task`;
    ids.push(parent);
  }
  return { id, kind, runtime_seconds, parents: ids };
}

function checkParents(tasks: readonly WorkflowTask[]): string | undefined {
  const known = new Set<string>();
  for (const [index, task] of tasks.entries()) {
    if (known.has(task.id)) return `tasks[${index}].id: "${task.id}" stands there twice`;
    known.add(task.id);
  }
  for (const [index, task] of tasks.entries()) {
    const seen = new Set<string>();
    for (const [place, parent] of task.parents.entries()) {
      const field = `tasks[${index}].parents[${place}]`;
      if (parent === task.id) return `${field}: "${parent}" is the task itself`;
      if (!known.has(parent)) return `${field}: no task has the id "${parent}"`;
      if (seen.has(parent)) return `${field}: "${parent}" stands there twice`;
      seen.add(parent);
    }
  }
  const cycle = findCycle(tasks);
  return cycle === undefined ? undefined : `tasks: the parents form a cycle, ${cycle.join(' -> ')}`;
}

function problem(text: string): CheckedWorkflow {
  return { ok: false, problem: text };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function readableReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'its permissions forbid it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
