import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@arcrun/client';
import type { ArcRunClient, BasicTask } from '@arcrun/client';
import { followBatch } from './follow-batch.ts';
import { openDemoDisplay } from './demo-display.ts';
import type { DemoDisplay } from './demo-display.ts';
import { withSentences } from './outcome.ts';
import { expectedEnd, pipelineBatch, STEPS } from './pipeline.ts';
import type { Step } from './pipeline.ts';
import type { PipelineView, StepView } from './pipeline-view.ts';
import { openReceiverLog } from './receiver-log.ts';
import type { ReceiverLog } from './receiver-log.ts';
import { formatSeconds, printable } from '@arcrun/client/terminal';

interface DemoOptions {
  apiUrl: string;
  receiverUrl: string;
  output: NodeJS.WriteStream;
  /** Ends the demo; the terminal is given back as it was. */
  signal: AbortSignal;
  /** When the API asks for one. */
  token?: string | undefined;
  /** Times are divided by it; default 1, about twelve seconds. */
  timeScale?: number;
}

const POLL_MS = 150;
const PATIENCE_MS = 60_000;
const NOTIFICATION_PATIENCE_MS = 15_000;

/**
 * Posts the sample pipeline and shows it until it ends. `ok`: every task ended as it should and all
 * notifications arrived, that of the whole batch among them. Never throws for what goes wrong outside.
 */
export async function runDemo(options: DemoOptions): Promise<{ ok: boolean }> {
  return withSentences(options.output, options.signal, () => postAndFollow(options));
}

async function postAndFollow(options: DemoOptions): Promise<{ ok: boolean }> {
  const { apiUrl, receiverUrl, output, signal } = options;
  const run = randomUUID();
  const client = createClient({ url: apiUrl, token: options.token });
  const log = openReceiverLog(receiverUrl, run, signal);
  const batch = pipelineBatch({ receiverUrl, run, timeScale: options.timeScale ?? 1 });
  const created = await client.createBatch(batch, { signal });
  const startedAtMs = performance.now();
  const stepOf = new Map(STEPS.map((step, index) => [created.tasks[index]?.id, step]));
  const display = openDemoDisplay(output, 'ArcRun demo: the release pipeline of a web shop');
  try {
    const last = await followBatch(client, created.batchId, {
      onChange: ({ tasks }) => {
        display.show(viewOf(tasks, stepOf, startedAtMs));
      },
      onNoAnswer: () => {
        display.note('the API does not answer, asking again');
      },
      pollMs: POLL_MS,
      patienceMs: PATIENCE_MS,
      signal,
    });
    if (last === null) {
      display.finish([
        `Nothing moved for ${PATIENCE_MS / 1000} s; look at ${apiUrl}/view?batch=${created.batchId}`,
      ]);
      return { ok: false };
    }
    const seconds = (performance.now() - startedAtMs) / 1000;
    const wrong = await listWrongEnds(client, last.tasks, stepOf, signal);
    const missing = await listMissingNotifications(log, created.batchId, stepOf, signal);
    finish(display, { seconds, wrong, missing });
    return { ok: wrong.length === 0 && missing.length === 0 };
  } finally {
    display.close();
  }
}

type StepOf = ReadonlyMap<string | undefined, Step>;

function viewOf(shown: readonly BasicTask[], stepOf: StepOf, startedAtMs: number): PipelineView {
  const tasks = new Map(shown.map((task) => [task.id, task]));
  const steps = [...stepOf].flatMap(([id, step]): StepView[] => {
    const task = tasks.get(id ?? '');
    if (task === undefined) return [];
    const expected = task.expected_count ?? 0;
    return [
      {
        name: step.id,
        stage: step.stage,
        status: task.status,
        seconds: secondsOf(task),
        share: expected === 0 ? null : (task.success + task.failures) / expected,
        planned: expectedEnd(step) === 'Failure',
      },
    ];
  });
  return { steps, seconds: (performance.now() - startedAtMs) / 1000, note: null };
}

/** Between two times of the server; a task under way is timed by the display. */
function secondsOf(task: BasicTask): number | null {
  if (task.started_at === null || task.ended_at === null) return null;
  return Math.max(0, (Date.parse(task.ended_at) - Date.parse(task.started_at)) / 1000);
}

async function listWrongEnds(
  client: ArcRunClient,
  shown: readonly BasicTask[],
  stepOf: StepOf,
  signal: AbortSignal,
): Promise<string[]> {
  const wrong: string[] = [];
  const tasks = new Map(shown.map((task) => [task.id, task]));
  for (const [id, step] of stepOf) {
    const task = tasks.get(id ?? '');
    if (task === undefined) {
      wrong.push(`${step.id} is not in the batch`);
    } else if (task.status !== expectedEnd(step)) {
      const { failure_reason } = await client.getTask(task.id, { signal });
      const reason = failure_reason === null ? '' : `: ${printable(failure_reason)}`;
      wrong.push(`${step.id} ended in ${task.status}, not in ${expectedEnd(step)}${reason}`);
    } else if (step.cascades && task.started_at !== null) {
      wrong.push(`${step.id} was started, though a parent that it needs failed`);
    } else if (step.reports !== undefined && task.success !== step.reports) {
      wrong.push(`${step.id} counts ${task.success} of ${step.reports} reports`);
    }
  }
  return wrong;
}

/** Notifications may come a little after the end that they tell of. */
async function listMissingNotifications(
  log: ReceiverLog,
  batchId: string,
  stepOf: StepOf,
  signal: AbortSignal,
): Promise<string[]> {
  const deadlineMs = performance.now() + NOTIFICATION_PATIENCE_MS;
  for (;;) {
    const notifications = await log.notifications();
    const told = new Set(notifications.filter((one) => one.trigger === 'end').map((one) => one.task_id));
    const missing = [...stepOf].flatMap(([id, step]) =>
      step.notifies && !told.has(id ?? '') ? [`the notification about ${step.id} did not arrive`] : [],
    );
    if (!notifications.some((one) => one.trigger === 'batch_complete' && one.batch_id === batchId)) {
      missing.push('the notification about the end of the batch did not arrive');
    }
    if (missing.length === 0 || performance.now() > deadlineMs) return missing;
    await sleep(POLL_MS, undefined, { signal });
  }
}

function finish(
  display: DemoDisplay,
  { seconds, wrong, missing }: { seconds: number; wrong: string[]; missing: string[] },
): void {
  if (wrong.length > 0 || missing.length > 0) {
    display.finish(['Not as it should be:', ...[...wrong, ...missing].map((line) => `  ${line}`)]);
    return;
  }
  const planned = STEPS.filter((step) => expectedEnd(step) === 'Failure').length;
  const notified = STEPS.filter((step) => step.notifies).length;
  display.finish([
    `All ${STEPS.length} tasks ended as they should, in ${formatSeconds(seconds)}: ` +
      `${STEPS.length - planned} succeeded, ${planned} failed on purpose.`,
    'release-notes ran though security-scan failed, since that dependency is optional; scan-badge needs it.',
    `Notifications received: ${notified} of tasks, 1 of the whole batch.`,
  ]);
}
