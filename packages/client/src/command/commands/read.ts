import { Argument, Option } from 'commander';
import { STATUSES, wholeNumber } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { about, usageFailure } from '../failure.ts';
import type { AddCommands } from '../program.ts';
import { batchLines, batchTable, explanationLines, taskTable } from '../render.ts';
import type { Session } from '../session.ts';
import type { StatusKind } from '../../types.ts';
import { showUntilEnd } from './watch.ts';

interface ListOptions {
  status?: StatusKind;
  kind?: string;
  name?: string;
  scope?: string;
  search?: string;
  batch?: string;
  limit: number;
}

/** `list`, `view`, `watch` and `explain`. */
export const addReadingCommands: AddCommands = (program, choose) => {
  const list = program
    .command('list')
    .description('lists batches, or tasks, newest first')
    .addArgument(new Argument('[what]', 'which of them').choices(['batches', 'tasks']).default('batches'))
    .addOption(new Option('--status <status>', 'with a task in this status').choices(STATUSES))
    .option('--kind <text>', 'with this in the kind of a task')
    .option('--name <text>', 'with this in the name of a task')
    .option('--scope <scope>', 'of this scope (batches)')
    .option('--search <text>', 'with this in scope or metadata (batches)')
    .option('--batch <batch_id>', 'of this batch (tasks)')
    .option('--limit <n>', 'so many at the most', wholeNumber(1, 100_000), 20);
  list.action((what: string, options: ListOptions) => {
    choose(list, (session) => {
      const stranger = (what === 'tasks' ? (['scope', 'search'] as const) : (['batch'] as const)).find(
        (name) => options[name] !== undefined,
      );
      if (stranger !== undefined) throw usageFailure(`--${stranger} is no filter of ${what}`);
      return what === 'tasks' ? listTasks(session, options) : listBatches(session, options);
    });
  });

  const view = program.command('view').description('shows a batch and its tasks').argument('<batch_id>');
  view.action((batchId: string) => {
    choose(view, async (session) => {
      const { client, signal } = session;
      const batch = await about('batch', batchId, client.getBatch(batchId, { signal }));
      const dag = await client.getDag(batchId, { signal });
      session.show({ batch, ...dag }, () =>
        batchLines(batch, dag, `${client.url}/view?batch=${batch.batch_id}`),
      );
      return EXIT.done;
    });
  });

  const watch = program
    .command('watch')
    .description('shows a batch live until it has ended; exit code 1 when not all of it succeeded')
    .argument('<batch_id>');
  watch.action((batchId: string) => {
    choose(watch, (session) => showUntilEnd(session, batchId));
  });

  const explain = program
    .command('explain')
    .description('says why a task has not started')
    .argument('<task_id>');
  explain.action((taskId: string) => {
    choose(explain, async (session) => {
      const explanation = await about(
        'task',
        taskId,
        session.client.explainTask(taskId, { signal: session.signal }),
      );
      session.show(explanation, () => explanationLines(explanation));
      return EXIT.done;
    });
  });
};

const MAX_PAGE = 100;

async function listBatches(session: Session, options: ListOptions): Promise<number> {
  const { status, kind, name, scope, search, limit } = options;
  const filter = given({ status, kind, name, scope, search, page_size: Math.min(limit, MAX_PAGE) });
  const batches = await take(session.client.eachBatch(filter, { signal: session.signal }), limit);
  session.show(batches, () => batchTable(batches));
  return EXIT.done;
}

async function listTasks(session: Session, options: ListOptions): Promise<number> {
  const { status, kind, name, batch, limit } = options;
  const filter = given({ status, kind, name, batch_id: batch, page_size: Math.min(limit, MAX_PAGE) });
  const tasks = await take(session.client.eachTask(filter, { signal: session.signal }), limit);
  session.show(tasks, () => taskTable(tasks));
  return EXIT.done;
}

/** The first rows; no page is fetched beyond them. */
export async function take<Row>(rows: AsyncIterable<Row>, limit: number): Promise<Row[]> {
  const taken: Row[] = [];
  for await (const row of rows) {
    taken.push(row);
    if (taken.length >= limit) break;
  }
  return taken;
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was not given. */
export function given<T extends object>(filter: T): Given<T> {
  const kept = Object.entries(filter).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same object with fewer members
  return Object.fromEntries(kept) as Given<T>;
}
