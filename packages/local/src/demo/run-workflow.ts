import { randomUUID } from 'node:crypto';
import { createClient } from '@arcrun/client';
import type { ArcRunClient, BasicTask, CreatedBatch } from '@arcrun/client';
import {
  defaultTimeScale,
  levelsOf,
  longestPathSeconds,
  readWorkflow,
  toNewTasks,
  WorkflowError,
} from '../workflows/index.ts';
import type { Workflow } from '../workflows/index.ts';
import { measureEdges } from './edge-times.ts';
import type { EdgeTimes, MeasuredEdges, PlacedTask } from './edge-times.ts';
import { followBatch } from './follow-batch.ts';
import { withSentences } from './outcome.ts';
import { openReceiverLog } from './receiver-log.ts';
import { formatCount, formatSeconds, printable, textTable } from '@arcrun/client/terminal';
import { openWorkflowDisplay } from './workflow-display.ts';

interface WorkflowOptions {
  file: string;
  /** Runtimes are divided by it; by default the longest path then takes 20 seconds. */
  timeScale?: number;
  apiUrl: string;
  receiverUrl: string;
  output: NodeJS.WriteStream;
  /** Ends the run; the terminal is given back as it was. */
  signal: AbortSignal;
  /** When the API asks for one. */
  token?: string | undefined;
}

const POLL_MS = 500;
/** Beyond the longest task, in which nothing needs to move. */
const PATIENCE_MS = 5 * 60_000;
const MAX_LISTED_CLASSES = 20;
const MAX_LISTED_TASKS = 5;
const KIND_COLUMNS = 28;

/**
 * Runs a recorded workflow and prints how long its edges took. `ok`: every task ended in Success, none of
 * them before its parents. Never throws for what goes wrong outside: that becomes a sentence.
 */
export async function runWorkflow(options: WorkflowOptions): Promise<{ ok: boolean }> {
  return withSentences(options.output, options.signal, async () => {
    const workflow = await readWorkflow(options.file);
    const timeScale = options.timeScale ?? defaultTimeScale(workflow);
    if (!(timeScale > 0 && Number.isFinite(timeScale))) {
      throw new WorkflowError('The time scale must be a number above 0.');
    }
    return postAndFollow(workflow, timeScale, options);
  });
}

async function postAndFollow(
  workflow: Workflow,
  timeScale: number,
  { apiUrl, receiverUrl, output, signal, token }: WorkflowOptions,
): Promise<{ ok: boolean }> {
  const run = randomUUID();
  const client = createClient({ url: apiUrl, token });
  const tasks = toNewTasks(workflow, { receiverUrl, timeScale, run });
  const metadata = { workflow: workflow.name, time_scale: timeScale };
  const created = await client.createBatch({ tasks, scope: 'workflow', metadata }, { signal });
  const startedAtMs = performance.now();
  const longestTaskMs = Math.max(...workflow.tasks.map((task) => task.runtime_seconds * 1000)) / timeScale;
  const display = openWorkflowDisplay(output, describe(workflow));
  try {
    const last = await followBatch(client, created.batchId, {
      onChange: ({ batch }) => {
        display.show(batch);
      },
      onNoAnswer: () => {
        display.note('the API does not answer, asking again');
      },
      pollMs: POLL_MS,
      patienceMs: longestTaskMs + PATIENCE_MS,
      signal,
    });
    display.close();
    if (last === null) {
      output.write(`\nNothing moved for too long; look at ${apiUrl}/view?batch=${created.batchId}\n`);
      return { ok: false };
    }
  } finally {
    display.close();
  }
  const records = await openReceiverLog(receiverUrl, run, signal).calls();
  const measured = measureEdges(placeTasks(workflow, created), records, {
    maxClasses: MAX_LISTED_CLASSES,
    shorten: shortenKind,
  });
  const { tasks: ended } = await client.getDag(created.batchId, { signal });
  const failed = ended.filter((task) => task.status !== 'Success');
  const summary = [
    describeTimes(ended, longestPathSeconds(workflow.tasks) / timeScale, startedAtMs),
    ...(await describeFailed(client, failed, signal)),
    ...describeEdges(measured),
  ];
  output.write(`\n${summary.join('\n')}\n`);
  const complete = ended.length === workflow.tasks.length;
  return { ok: complete && failed.length === 0 && measured.tooEarly === 0 };
}

function describe(workflow: Workflow): string {
  const edges = workflow.tasks.reduce((sum, task) => sum + task.parents.length, 0);
  const levels = Math.max(...levelsOf(workflow.tasks).values());
  const sizes = `${formatCount(workflow.tasks.length)} tasks, ${formatCount(edges)} edges, ${levels} levels`;
  return `${printable(workflow.name)}: ${sizes}`;
}

/** The answer to the request has the tasks in the order of the request. */
function placeTasks(workflow: Workflow, created: CreatedBatch): PlacedTask[] {
  const ids = new Map(workflow.tasks.map((task, index) => [task.id, created.tasks[index]?.id ?? '']));
  return workflow.tasks.map((task) => ({
    taskId: ids.get(task.id) ?? '',
    kind: task.kind,
    parentIds: task.parents.map((parent) => ids.get(parent) ?? ''),
  }));
}

/** From the first creation to the last end by the server's clock, since we look only now and then. */
function describeTimes(tasks: readonly BasicTask[], longestSeconds: number, startedAtMs: number): string {
  const ends = tasks.flatMap((task) => (task.ended_at === null ? [] : [Date.parse(task.ended_at)]));
  const created = tasks.map((task) => Date.parse(task.created_at));
  const tookMs = Math.max(...ends) - Math.min(...created);
  const seconds = (Number.isFinite(tookMs) ? tookMs : performance.now() - startedAtMs) / 1000;
  const succeeded = tasks.filter((task) => task.status === 'Success').length;
  return (
    `${formatCount(succeeded)} of ${formatCount(tasks.length)} tasks succeeded, in ${formatSeconds(seconds)}; ` +
    `the longest path alone takes ${formatSeconds(longestSeconds)}.`
  );
}

async function describeFailed(
  client: ArcRunClient,
  failed: readonly BasicTask[],
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { id, name, status } of failed.slice(0, MAX_LISTED_TASKS)) {
    const { failure_reason } = await client.getTask(id, { signal });
    lines.push(printable(`  ${name} is ${status}${failure_reason === null ? '' : `: ${failure_reason}`}`));
  }
  const more = failed.length - lines.length;
  return more > 0 ? [...lines, `  and ${formatCount(more)} more`] : lines;
}

function describeEdges(measured: MeasuredEdges): string[] {
  const { all, classes, tooEarly, unmeasured, calledAgain } = measured;
  const notes = [
    ...(calledAgain > 0 ? [`${formatCount(calledAgain)} tasks were called more than once.`] : []),
    ...(unmeasured > 0 ? [`${formatCount(unmeasured)} tasks with parents could not be measured.`] : []),
    ...(tooEarly > 0 ? [`${formatCount(tooEarly)} tasks were called before their last parent ended!`] : []),
  ];
  if (all === null) return notes;
  const rows = [...classes, all].map(rowOf);
  const table = textTable(['edge', 'calls', 'median', 'p99', 'worst'], rows, new Set([1, 2, 3, 4]));
  return [
    ...notes,
    '',
    "From the end of the last parent to the call of the child, in ms, by the receiver's clock:",
    '',
    ...table,
  ];
}

function rowOf(times: EdgeTimes): string[] {
  const inMs = (ms: number): string => ms.toFixed(1);
  return [
    times.label,
    formatCount(times.calls),
    inMs(times.medianMs),
    inMs(times.p99Ms),
    inMs(times.worstMs),
  ];
}

/** Long kinds begin alike, so their ends are shown. */
function shortenKind(kind: string): string {
  const characters = Array.from(printable(kind));
  if (characters.length <= KIND_COLUMNS) return characters.join('');
  return `…${characters.slice(1 - KIND_COLUMNS).join('')}`;
}
