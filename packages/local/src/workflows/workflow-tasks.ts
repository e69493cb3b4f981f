import { createHash } from 'node:crypto';
import { task, webhook } from '@arcrun/client';
import type { NewTask } from '@arcrun/client';
import { WorkflowError } from './workflow-format.ts';
import type { Workflow } from './workflow-format.ts';
import { longestPathSeconds } from './workflow-shape.ts';

const MAX_KIND_CHARACTERS = 100;
const MAX_NAME_CHARACTERS = 255;
const DEFAULT_LONGEST_PATH_SECONDS = 20;
/** A task may stay without news this long beyond its own time, since the machine may be busy. */
const TIMEOUT_MARGIN_SECONDS = 120;
const MAX_TIMEOUT_SECONDS = 86_400;

/** By how much to divide the runtimes so that the longest path takes 20 seconds. */
export function defaultTimeScale(workflow: Workflow): number {
  const longestSeconds = longestPathSeconds(workflow.tasks);
  return longestSeconds === 0 ? 1 : longestSeconds / DEFAULT_LONGEST_PATH_SECONDS;
}

interface NewTasksOptions {
  /** Where the receiver is; its `/work` is called. */
  receiverUrl: string;
  /** Runtimes are divided by it. */
  timeScale: number;
  /** Marks the calls of this run at the receiver. */
  run?: string;
}

/** One task per task, in the same order, every parent required. Throws WorkflowError for a time too long to wait for. */
export function toNewTasks(workflow: Workflow, options: NewTasksOptions): NewTask[] {
  const workUrl = new URL('work', `${options.receiverUrl.replace(/\/+$/, '')}/`);
  if (options.run !== undefined) workUrl.searchParams.set('run', options.run);
  return workflow.tasks.map((entry, index) => {
    const durationSeconds = entry.runtime_seconds / options.timeScale;
    const timeoutSeconds = Math.ceil(durationSeconds) + TIMEOUT_MARGIN_SECONDS;
    if (timeoutSeconds > MAX_TIMEOUT_SECONDS) {
      throw new WorkflowError(
        `tasks[${index}].runtime_seconds would take ${Math.round(durationSeconds)} s here; ` +
          `choose a time scale of ${Math.ceil(entry.runtime_seconds / 3600)} or more.`,
      );
    }
    return task({
      id: entry.id,
      name: shortenEnd(entry.id, MAX_NAME_CHARACTERS),
      kind: shortenMiddle(entry.kind, MAX_KIND_CHARACTERS),
      timeout: timeoutSeconds,
      on_start: webhook(workUrl.href, {
        body: { duration_ms: Math.round(durationSeconds * 1000), outcome: 'Success', local_id: entry.id },
      }),
      dependencies: entry.parents,
    });
  });
}

/** Cuts in code points: half of a surrogate pair could not be stored. */
function shortenEnd(text: string, maxCharacters: number): string {
  const characters = Array.from(text);
  return characters.length <= maxCharacters ? text : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/** Long names differ in the middle too, so a hash of the whole stands there. */
function shortenMiddle(text: string, maxCharacters: number): string {
  const characters = Array.from(text);
  if (characters.length <= maxCharacters) return text;
  const mark = `…${createHash('sha256').update(text).digest('hex').slice(0, 8)}…`;
  const kept = maxCharacters - mark.length;
  const head = Math.ceil(kept / 2);
  return `${characters.slice(0, head).join('')}${mark}${characters.slice(head - kept).join('')}`;
}
