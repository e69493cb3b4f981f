import type { Command } from 'commander';
import { task, webhook } from '../../builders.ts';
import type { CreatedBatch } from '../../api.ts';
import type { Json, NewBatch, NewRerun } from '../../types.ts';
import { json, readJsonText, seconds, wholeNumber } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { about, usageFailure } from '../failure.ts';
import { PIPELINE_STEPS, pipelineBatch, workOrder } from '../pipeline.ts';
import type { AddCommands } from '../program.ts';
import { rerunLines, tasksText } from '../render.ts';
import type { Session } from '../session.ts';
import { showUntilEnd } from './watch.ts';

interface CreateOptions {
  watch?: true;
  key?: string;
}

interface DagOptions extends CreateOptions {
  receiver?: string;
  fail?: string;
  speed?: number;
}

interface SingleOptions extends CreateOptions {
  receiver?: string;
  name: string;
  kind: string;
  seconds: number;
  call?: string;
  body?: Json;
  metadata?: Json;
  timeout?: number;
  priority?: number;
}

const DEFAULT_RECEIVER = 'http://127.0.0.1:8090';

interface RerunOptions extends CreateOptions {
  all?: true;
  dryRun?: true;
}

/** `dag`, `single`, `run` and `rerun`: what creates a batch. */
export const addCreatingCommands: AddCommands = (program, choose) => {
  const dag = program
    .command('dag')
    .description('posts a CI/CD pipeline, worked off by the sample receiver')
    .option('--fail <step>', `lets a step fail: ${PIPELINE_STEPS.join(', ')}`)
    .option('--speed <n>', 'so many times as fast', wholeNumber(1, 1000))
    .option('--receiver <url>', 'the sample receiver, in place of ARCRUN_RECEIVER');
  creating(dag).action((options: DagOptions) => {
    choose(dag, async (session) => {
      if (options.fail !== undefined && !PIPELINE_STEPS.includes(options.fail)) {
        throw usageFailure(`"${options.fail}" is no step: say one of ${PIPELINE_STEPS.join(', ')}`);
      }
      const receiverUrl = receiverOf(session, options.receiver);
      return create(
        session,
        pipelineBatch({ receiverUrl, fail: options.fail, speed: options.speed ?? 1 }),
        options,
      );
    });
  });

  const single = program
    .command('single')
    .description('posts one task')
    .option('--name <name>', 'what people call it', 'single')
    .option('--kind <kind>', 'what rules group by', 'manual')
    .option('--seconds <n>', 'how long the sample receiver works on it', seconds, 1)
    .option('--call <url>', 'what is called to start it, in place of the sample receiver')
    .option('--body <json>', 'the body of that call', json)
    .option('--metadata <json>', 'any JSON', json)
    .option('--timeout <seconds>', 'fails it after so long without news', wholeNumber(1, 86_400))
    .option('--priority <n>', 'higher first', wholeNumber(-1000, 1000))
    .option('--receiver <url>', 'the sample receiver, in place of ARCRUN_RECEIVER');
  creating(single).action((options: SingleOptions) => {
    choose(single, (session) => create(session, [singleTask(options, session)], options));
  });

  const run = program
    .command('run')
    .description('posts the batch of a JSON file: an array of tasks, or an object around it')
    .argument('<file>', 'its name; - for stdin');
  creating(run).action((file: string, options: CreateOptions) => {
    choose(run, async (session) => create(session, await readJsonText(file, session.stdin), options));
  });

  const rerun = program
    .command('rerun')
    .description('runs again what did not succeed of a finished batch, in a new one')
    .argument('<batch_id>')
    .option('--all', 'what succeeded, too')
    .option('--dry-run', 'only says what would run');
  creating(rerun).action((batchId: string, { all, dryRun, ...options }: RerunOptions) => {
    choose(rerun, async (session) => {
      const only = all ? 'all' : 'unsuccessful';
      return dryRun ? showRerun(session, batchId, only) : runAgain(session, batchId, only, options);
    });
  });
};

function creating(command: Command): Command {
  return command
    .option('--key <key>', 'idempotency key: the same key and batch are created once in 24 hours')
    .option('-w, --watch', 'watches it to its end, as the command watch does');
}

function receiverOf({ env }: Session, given: string | undefined): string {
  const url = given ?? (env['ARCRUN_RECEIVER'] || DEFAULT_RECEIVER);
  if (!URL.canParse(url)) throw usageFailure(`"${url}" is no address: check ARCRUN_RECEIVER or --receiver`);
  return url.replace(/\/+$/, '');
}

function singleTask(options: SingleOptions, session: Session) {
  const { name, kind, call, body, metadata, timeout, priority } = options;
  const start =
    call === undefined
      ? webhook(`${receiverOf(session, options.receiver)}/work`, {
          body: body ?? workOrder({ id: name, seconds: options.seconds }),
        })
      : webhook(call, body === undefined ? {} : { body });
  return task({
    ...{ id: 'single', name, kind, on_start: start },
    ...(metadata === undefined ? {} : { metadata }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(priority === undefined ? {} : { priority }),
  });
}

async function create(
  session: Session,
  input: NewBatch | NewBatch['tasks'] | string,
  { watch, key }: CreateOptions,
): Promise<number> {
  const { client, signal } = session;
  return tellCreated(session, await client.createBatch(input, { signal, idempotencyKey: key }), watch);
}

async function runAgain(
  session: Session,
  batchId: string,
  only: NonNullable<NewRerun['only']>,
  { watch, key }: CreateOptions,
): Promise<number> {
  const { client, signal } = session;
  const created = await about(
    'batch',
    batchId,
    client.rerunBatch(batchId, { only, signal, idempotencyKey: key }),
  );
  if (created !== null) return tellCreated(session, created, watch);
  session.show({ batch_id: null, tasks: [] }, () => ['Nothing is left to run: every task has succeeded.']);
  return EXIT.done;
}

async function showRerun(
  session: Session,
  batchId: string,
  only: NonNullable<NewRerun['only']>,
): Promise<number> {
  const { client, signal } = session;
  const plan = await about('batch', batchId, client.planRerun(batchId, { only, signal }));
  session.show(plan, () => rerunLines(plan));
  return EXIT.done;
}

async function tellCreated(
  session: Session,
  { batchId, tasks }: CreatedBatch,
  watch: true | undefined,
): Promise<number> {
  // The events that follow are JSON lines too: the first names the batch.
  session.show({ batch_id: batchId, tasks }, () => [
    tasks.length === 0
      ? `Batch ${batchId} has no tasks: all of them were duplicates, or there were none.`
      : `Created batch ${batchId} with ${tasksText(tasks.length)}.`,
    ...tasks.slice(0, tasks.length === 1 ? 1 : 0).map((one) => `Its task is ${one.id}.`),
  ]);
  return watch ? showUntilEnd(session, batchId) : EXIT.done;
}
