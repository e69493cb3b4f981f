import type { BasicTask, BatchStats } from '../../types.ts';
import { formatCount, printable } from '../../terminal/index.ts';
import { openBatchDisplay } from '../batch-display.ts';
import { EXIT } from '../exit-codes.ts';
import { about } from '../failure.ts';
import { countsText } from '../render.ts';
import type { Session } from '../session.ts';

const SHOWN_FAILURES = 5;

/** Shows a batch until all its tasks have ended: live, in lines, or as JSON lines. Gives the exit code. */
export async function showUntilEnd(session: Session, batchId: string): Promise<number> {
  const { client, json, stdout, env, signal, say } = session;
  // An unknown batch is told of before anything is drawn.
  await about('batch', batchId, client.getBatch(batchId, { signal }));
  const display = json ? null : openBatchDisplay(stdout, env, batchId);
  const tasks = new Map<string, BasicTask>();
  let last: BatchStats | undefined;
  try {
    const events = client.watchBatch(batchId, {
      signal,
      onNoAnswer: () => display?.note('the server does not answer, asking again'),
    });
    for await (const event of events) {
      last = event.batch;
      if (json) say(JSON.stringify(event));
      if (event.type === 'end') break;
      if (event.type === 'snapshot') tasks.clear();
      for (const task of event.tasks) tasks.set(task.id, task);
      display?.show(event.batch, tasks, event.type === 'snapshot' ? null : event.tasks);
    }
  } finally {
    display?.close();
  }
  if (last === undefined) return EXIT.away;
  if (!json) for (const line of await summaryOf(session, last, tasks)) say(line);
  const { failure, canceled } = last.status_counts;
  return failure + canceled === 0 ? EXIT.done : EXIT.unsuccessful;
}

/** How it ended, and why what failed by itself did. */
async function summaryOf(
  { client, signal }: Session,
  batch: BatchStats,
  tasks: ReadonlyMap<string, BasicTask>,
): Promise<string[]> {
  const failed = [...tasks.values()].filter(({ status }) => status === 'Failure');
  const isAnyUnstarted = failed.some(({ started_at }) => started_at === null);
  const dag = isAnyUnstarted ? await client.getDag(batch.batch_id, { signal }) : { links: [] };
  const failedByParent = new Set(
    dag.links
      .filter(({ parent_id, requires_success }) => {
        const parent = tasks.get(parent_id)?.status;
        return requires_success && (parent === 'Failure' || parent === 'Canceled');
      })
      .map(({ child_id }) => child_id),
  );
  const causes = failed.filter(({ id, started_at }) => started_at !== null || !failedByParent.has(id));
  const shown = await Promise.all(
    causes.slice(0, SHOWN_FAILURES).map(async ({ id, name }) => {
      const { failure_reason } = await client.getTask(id, { signal });
      return `  ${printable(name)} failed: ${printable(failure_reason ?? 'no reason given')}`;
    }),
  );
  const rest = causes.length - shown.length;
  return [
    `The batch has ended: ${countsText(batch.status_counts)}.`,
    ...shown,
    ...(rest > 0 ? [`  and ${formatCount(rest)} more`] : []),
  ];
}
