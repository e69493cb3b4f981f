import { Argument } from 'commander';
import { matcher, concurrency } from '../../builders.ts';
import type { Json, Rule, UpdateTask } from '../../types.ts';
import { json, readJsonText, wholeNumber } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { about, usageFailure } from '../failure.ts';
import type { AddCommands } from '../program.ts';
import type { Session } from '../session.ts';

interface UpdateOptions {
  reason?: string;
  success?: number;
  failures?: number;
  metadata?: Json;
  final?: true;
}

interface RulesOptions {
  max?: number;
  fields?: string;
  file?: string;
  none?: true;
}

const MAX_COUNT = 2_147_483_647;

/** `update`, `cancel`, `pause`, `resume`, `stop` and `rules`. */
export const addChangingCommands: AddCommands = (program, choose) => {
  const update = program
    .command('update')
    .description('reports the end of a task')
    .argument('<task_id>')
    .addArgument(new Argument('<status>', 'its end').choices(['Success', 'Failure']))
    .option('--reason <text>', 'why it failed; Failure needs it')
    .option('--final', 'with Failure: it is not tried again, however many attempts are left')
    .option('--success <n>', 'adds to its successes', wholeNumber(0, MAX_COUNT))
    .option('--failures <n>', 'adds to its failures', wholeNumber(0, MAX_COUNT))
    .option('--metadata <json>', 'replaces its metadata', json);
  update.action((taskId: string, status: 'Success' | 'Failure', options: UpdateOptions) => {
    choose(update, async (session) => {
      if (status === 'Failure' && !options.reason) throw usageFailure('Failure needs a --reason <text>');
      if (status === 'Success' && options.reason) throw usageFailure('--reason belongs to Failure');
      if (status === 'Success' && options.final) throw usageFailure('--final belongs to Failure');
      const { reason, success, failures, metadata, final } = options;
      const changes: UpdateTask = {
        status,
        ...(reason === undefined ? {} : { failure_reason: reason }),
        ...(success === undefined ? {} : { new_success: success }),
        ...(failures === undefined ? {} : { new_failures: failures }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(final ? { retryable: false } : {}),
      };
      const { client, signal } = session;
      await about('task', taskId, client.updateTask(taskId, changes, { signal }));
      const task = await client.getTask(taskId, { signal });
      const sentence =
        task.status === status
          ? `Task ${taskId} has ended in ${status}.`
          : `Task ${taskId} is ${task.status}, and goes on with attempt ${task.attempt} of ${task.max_attempts}.`;
      return told(session, { task_id: taskId, status: task.status }, sentence);
    });
  });

  const actions = [
    ['cancel', 'cancels a task', 'cancelTask', 'is canceled'],
    ['pause', 'holds a task back from starting', 'pauseTask', 'is paused'],
    ['resume', 'lets a paused task go on', 'resumeTask', 'is resumed'],
  ] as const;
  for (const [name, description, method, done] of actions) {
    const command = program.command(name).description(description).argument('<task_id>');
    command.action((taskId: string) => {
      choose(command, async (session) => {
        const { client, signal } = session;
        await about('task', taskId, client[method](taskId, { signal }));
        return told(session, { task_id: taskId }, `Task ${taskId} ${done}.`);
      });
    });
  }

  const stop = program
    .command('stop')
    .description('cancels all of a batch that has not ended')
    .argument('<batch_id>');
  stop.action((batchId: string) => {
    choose(stop, async (session) => {
      const { client, signal } = session;
      const result = await about('batch', batchId, client.stopBatch(batchId, { signal }));
      const { batch_id: _, already_terminal: ended, ...canceled } = result;
      const sum = Object.values(canceled).reduce((total, count) => total + count, 0);
      return told(
        session,
        result,
        `Batch ${batchId} is stopped: ${sum} canceled, ${ended} had ended before.`,
      );
    });
  });

  const rules = program
    .command('rules')
    .description('replaces the rules of all unfinished tasks of one kind of a batch')
    .argument('<batch_id>')
    .argument('<kind>', 'exactly this kind')
    .option('--max <n>', 'at most so many of this kind at once', wholeNumber(1, MAX_COUNT))
    .option('--fields <names>', 'with --max: for each value of these metadata fields (a,b)')
    .option('--file <file>', 'the rules as a JSON array; - for stdin')
    .option('--none', 'no rules any more');
  rules.action((batchId: string, kind: string, options: RulesOptions) => {
    choose(rules, async (session) => {
      const { client, signal } = session;
      const update_ = { kind, rules: await rulesOf(kind, options, session) };
      const result = await about('batch', batchId, client.updateBatchRules(batchId, update_, { signal }));
      const count = result.updated_count;
      const what = update_.rules.length === 0 ? 'no rules any more' : 'new rules';
      return told(session, result, `${count} ${count === 1 ? 'task has' : 'tasks have'} ${what}.`);
    });
  });
};

function told(session: Session, value: object, line: string): number {
  session.show(value, () => [line]);
  return EXIT.done;
}

async function rulesOf(kind: string, options: RulesOptions, session: Session): Promise<Rule[]> {
  const ways = [options.max, options.file, options.none].filter((way) => way !== undefined);
  if (ways.length !== 1) throw usageFailure('Say one of --max <n>, --file <file> and --none');
  if (options.fields !== undefined && options.max === undefined)
    throw usageFailure('--fields belongs to --max');
  if (options.max !== undefined) {
    const fields = options.fields?.split(',').map((field) => field.trim()) ?? [];
    return [concurrency(options.max, matcher(kind, { fields }))];
  }
  if (options.file === undefined) return [];
  const value: unknown = JSON.parse(await readJsonText(options.file, session.stdin));
  if (!Array.isArray(value)) throw usageFailure(`${options.file} must hold an array of rules`);
  return value;
}
