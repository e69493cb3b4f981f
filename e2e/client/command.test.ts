import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concurrency, matcher, task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { arcrun, startArcrun } from '../harness/arcrun.ts';
import { startSampleReceiver } from '../harness/sample-receiver.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
let sample: Awaited<ReturnType<typeof startSampleReceiver>>;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  [stack, sample, folder] = await Promise.all([
    startStack({ apis: 1, workers: 1 }),
    startSampleReceiver(),
    mkdtemp(join(tmpdir(), 'arcrun-command-')),
  ]);
  env = { ARCRUN_URL: stack.apis[0]!.url, ARCRUN_RECEIVER: sample.url };
});
afterAll(async () => {
  await sample.close();
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  stack.receiver.behave(() => undefined);
});

/** Runs the command against the stack; what it says on stderr must be nothing. */
async function run(...words: string[]): Promise<{ code: number | null; stdout: string }> {
  const { code, stdout, stderr } = await arcrun(words, { env });
  expect(stderr).toBe('');
  return { code, stdout };
}

async function runJson<T>(...words: string[]): Promise<T> {
  const { code, stdout } = await run(...words, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as T;
}

/** A batch of one task that the test's receiver was called for, and left running. */
async function runningTask(): Promise<{ id: string; batchId: string }> {
  const { tasks, batchId } = await stack.client.createBatch([
    task({ id: 'a', kind: 'held', on_start: webhook(`${stack.receiver.url}/start`) }),
  ]);
  const { id } = tasks[0]!;
  await untilRunning(stack.client, id);
  return { id, batchId };
}

describe('what creates', () => {
  // proves: client/command-dag
  test('dag posts a pipeline; with --watch it is shown to its end, a line for each change', async () => {
    const { code, stdout } = await run('dag', '--speed', '20', '--watch');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Created batch [0-9a-f-]{36} with 11 tasks\.$/m);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}11 tasks: /m);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}Success {3}deploy-production {2}\d+\.\ds$/m);
    expect(stdout).toContain('The batch has ended: 11 succeeded.');
    // Plain lines, nothing that drives a terminal.
    expect(stdout).not.toContain('\u001b');
  });

  // proves: client/command-exit-unsuccessful
  test('a step that fails takes down what needs it, and the exit code is 1', async () => {
    const { code, stdout } = await run('dag', '--speed', '20', '--fail', 'smoke-tests', '--watch');
    expect(code).toBe(1);
    expect(stdout).toContain('smoke-tests failed: smoke-tests was asked to fail');
    expect(stdout).toMatch(/The batch has ended: 9 succeeded, 2 failed/);
  });

  test('single posts one task with what it is given', async () => {
    const made = await runJson<{ batch_id: string; tasks: { id: string }[] }>(
      ...['single', '--name', 'one', '--kind', 'demo', '--metadata', '{"tenant": 7}'],
      ...['--timeout', '90', '--priority', '-5', '--call', `${stack.receiver.url}/one`, '--body', '[1]'],
    );
    const created = await stack.client.getTask(made.tasks[0]!.id);
    expect(created).toMatchObject({ name: 'one', kind: 'demo', timeout: 90, priority: -5 });
    expect(created.metadata).toEqual({ tenant: 7 });
    await untilRunning(stack.client, created.id);
    expect(stack.receiver.callsOf(created.id, 'start')[0]?.body).toBe('[1]');
    expect(created.batch_id).toBe(made.batch_id);
  });

  test('single without --call is worked off by the sample receiver', async () => {
    const { code, stdout } = await run('single', '--seconds', '0', '--watch');
    expect(code).toBe(0);
    expect(stdout).toContain('The batch has ended: 1 succeeded.');
  });

  // proves: client/command-run
  test('run posts a file, or stdin, digit for digit; the same key creates it once', async () => {
    const file = join(folder, 'batch.json');
    const action = JSON.stringify(webhook(`${stack.receiver.url}/big`));
    const text = `[{"id": "a", "name": "a", "kind": "k", "metadata": {"n": 9007199254740993}, "on_start": ${action}}]`;
    await writeFile(file, text);
    const first = await runJson<{ batch_id: string; tasks: { id: string }[] }>('run', file, '--key', 'once');
    const answer = await fetch(`${env['ARCRUN_URL']}/task/${first.tasks[0]!.id}`);
    expect(await answer.text()).toContain('9007199254740993');
    const again = await arcrun(['run', '-', '--key', 'once', '--json'], { env, stdin: text });
    expect(JSON.parse(again.stdout)).toEqual(first);
  });
});

// proves: client/command-rerun
describe('rerun', () => {
  /** Of two tasks in a row, the first of which has failed. */
  async function failedBatch(): Promise<{ batchId: string; id: string }> {
    const on_start = webhook(`${stack.receiver.url}/start`);
    const { batchId, tasks } = await stack.client.createBatch([
      task({ id: 'first', kind: 'again', on_start }),
      task({ id: 'second', kind: 'again', on_start, dependencies: ['first'] }),
      task({ id: 'third', kind: 'again', on_start }),
    ]);
    for (const at of [0, 2]) await untilRunning(stack.client, tasks[at]!.id);
    await stack.client.reportFailure(tasks[0]!.id, 'broken');
    await stack.client.reportSuccess(tasks[2]!.id);
    return { batchId, id: tasks[0]!.id };
  }

  test('says what would run, runs it, and watches it', async () => {
    const { batchId, id } = await failedBatch();
    const dry = await run('rerun', batchId, '--dry-run');
    expect(dry.stdout).toMatch(/^2 tasks would run again, 1 task would stay out\.$/m);
    expect(dry.stdout).toMatch(new RegExp(`^${id} +first +again +Failure: broken$`, 'm'));
    const plan = await runJson<{ tasks: { why: string }[] }>('rerun', batchId, '--all', '--dry-run');
    expect(plan.tasks.map(({ why }) => why).toSorted()[2]).toBe('Success');
    stack.receiver.behave((call) => {
      if (call.trigger === 'start') void call.handle.success();
    });
    const { code, stdout } = await run('rerun', batchId, '--watch');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Created batch [0-9a-f-]{36} with 2 tasks\.$/m);
    expect(stdout).toContain('The batch has ended: 2 succeeded.');
    expect((await run('view', batchId)).stdout).toMatch(/^Its tasks ran again in batch [0-9a-f-]{36}\.$/m);
  });

  test('with the same key it happens once', async () => {
    const { batchId } = await failedBatch();
    const first = await runJson<{ batch_id: string }>('rerun', batchId, '--key', 'again');
    expect(await runJson('rerun', batchId, '--key', 'again')).toEqual(first);
    await stack.client.stopBatch(first.batch_id);
  });

  test('of what has succeeded nothing is left; what has not ended is refused', async () => {
    const { id, batchId } = await runningTask();
    const refused = await arcrun(['rerun', batchId], { env });
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('has not finished')]);
    await stack.client.reportSuccess(id);
    expect(await run('rerun', batchId)).toEqual({
      code: 0,
      stdout: 'Nothing is left to run: every task has succeeded.\n',
    });
    const unknown = await arcrun(['rerun', '0190c2a5-0000-7000-8000-000000000001'], { env });
    expect(unknown.code).toBe(3);
  });
});

describe('what reads', () => {
  test('list shows batches, newest first, with filters and a limit', async () => {
    const scope = `list-${Date.now()}`;
    const start = webhook(`${stack.receiver.url}/start`);
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const tasks = [task({ id: 'a', kind: 'listed', on_start: start })];
      ids.unshift((await stack.client.createBatch({ scope, tasks })).batchId);
    }
    const listed = await runJson<{ batch_id: string }[]>('list', '--scope', scope, '--limit', '2');
    expect(listed.map((one) => one.batch_id)).toEqual(ids.slice(0, 2));
    const { stdout } = await run('list', '--scope', scope);
    expect(stdout.split('\n').filter((line) => line.includes(scope))).toHaveLength(3);
    expect((await run('list', '--scope', 'nobody has this')).stdout).toBe('There is no such batch.\n');
  });

  test('list tasks pages through more than one page', async () => {
    const on_start = webhook(`${stack.receiver.url}/start`);
    const tasks = Array.from({ length: 120 }, (_, n) => task({ id: `t${n}`, kind: 'paged', on_start }));
    const { batchId } = await stack.client.createBatch(tasks);
    const listed = await runJson<object[]>('list', 'tasks', '--batch', batchId, '--limit', '500');
    expect(listed).toHaveLength(120);
    await stack.client.stopBatch(batchId);
  });

  test('view shows each task with its parents; those that need not succeed stand in brackets', async () => {
    const on_start = webhook(`${stack.receiver.url}/start`);
    const { batchId, tasks } = await stack.client.createBatch([
      task({ id: 'a', name: 'first', kind: 'k', on_start }),
      task({ id: 'b', name: 'second\u001b[31m', kind: 'k', on_start }),
      task({
        id: 'c',
        name: 'third',
        kind: 'k',
        on_start,
        expected_count: 1200,
        dependencies: ['a', { id: 'b', requires_success: false }],
      }),
    ]);
    const { stdout } = await run('view', batchId);
    expect(stdout).toContain(`Batch ${batchId}: 3 tasks`);
    expect(stdout).toMatch(
      new RegExp(`^${tasks[2]!.id} {2}Waiting +third +0/1,200 +first, \\[second\\?\\[31m\\]$`, 'm'),
    );
    // A name cannot drive the terminal.
    expect(stdout).not.toContain('\u001b');
    const json = await runJson<{ batch: { batch_id: string }; tasks: object[]; links: object[] }>(
      'view',
      batchId,
    );
    expect([json.batch.batch_id, json.tasks.length, json.links.length]).toEqual([batchId, 3, 2]);
    await stack.client.stopBatch(batchId);
  });

  test('watch ends with each task that failed by itself, whether it could be started or not', async () => {
    stack.receiver.behave((call) => {
      if (call.target.startsWith('/refuses')) return { status: 400 };
      void call.handle.fail('broken');
      return { status: 200 };
    });
    const one = (id: string, path: string, needs: readonly string[] = []) =>
      task({ id, kind: 'ends', on_start: webhook(`${stack.receiver.url}/${path}`), dependencies: needs });
    const { batchId } = await stack.client.createBatch([
      one('refused', 'refuses'),
      one('failed', 'takes'),
      one('below', 'takes', ['failed']),
    ]);
    const { code, stdout } = await run('watch', batchId);
    expect(code).toBe(1);
    expect(stdout).toContain('The batch has ended: 3 failed.');
    expect(stdout).toContain('refused failed: on_start webhook failed: answered 400');
    expect(stdout).toContain('failed failed: broken');
    expect(stdout).not.toContain('below failed:');
  });

  // proves: client/command-watch-json
  test('watch --json is one event a line, the last of them the end', async () => {
    const { id, batchId } = await runningTask();
    const watching = startArcrun(['watch', batchId, '--json'], { env });
    await watching.says('"snapshot"');
    await stack.client.reportSuccess(id);
    const { code, stdout } = await watching.ended;
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(code).toBe(0);
    expect(events[0]?.type).toBe('snapshot');
    expect(events.at(-1)).toMatchObject({ type: 'end', batch: { status_counts: { success: 1 } } });
  });
});

// proves: client/command-explain
describe('explain says why a task has not started, and who stands in the way', () => {
  test('a parent, and a rule with who holds its places', async () => {
    const on_start = webhook(`${stack.receiver.url}/start`);
    const rules = [concurrency(1, matcher('narrow'))];
    const { batchId, tasks } = await stack.client.createBatch([
      task({ id: 'a', name: 'first', kind: 'narrow', on_start, rules }),
      task({ id: 'b', name: 'second', kind: 'narrow', on_start, rules }),
      task({ id: 'c', name: 'third', kind: 'k', on_start, dependencies: ['b'] }),
    ]);
    const [first, second, third] = tasks.map(({ id }) => id);
    await untilRunning(stack.client, first!);
    const blocked = (await run('explain', second!)).stdout;
    expect(blocked).toMatch(/^It is Pending\. It starts when .*"narrow"/);
    expect(blocked).toContain('  rule for narrow: 1 of 1, this task is number 1\n');
    expect(blocked).toContain(`    held by ${first}  Running  first\n`);
    expect((await run('explain', third!)).stdout).toContain(
      `  parent ${second}  Pending  second, which must succeed\n`,
    );
    const json = await runJson<{ waiting_for: { type: string }[] }>('explain', second!);
    expect(json.waiting_for.map(({ type }) => type)).toEqual(['rule']);
    await stack.client.stopBatch(batchId);
  });

  test('a paused one, one that runs', async () => {
    const { id } = await runningTask();
    expect((await run('explain', id)).stdout).toMatch(/^It is Running\. It runs since .*\.\n$/);
    await stack.client.cancelTask(id);
  });
});

describe('what changes', () => {
  test('update reports an end', async () => {
    const good = await runningTask();
    const bad = await runningTask();
    await run('update', good.id, 'Success', '--success', '3', '--metadata', '{"a": 1}');
    expect(await stack.client.getTask(good.id)).toMatchObject({
      status: 'Success',
      success: 3,
      metadata: { a: 1 },
    });
    await run('update', bad.id, 'Failure', '--reason', 'the disk is full', '--failures', '2');
    expect(await stack.client.getTask(bad.id)).toMatchObject({
      status: 'Failure',
      failures: 2,
      failure_reason: 'the disk is full',
    });
  });

  test('cancel, pause, resume and stop do what they say', async () => {
    const { id } = await runningTask();
    expect((await run('cancel', id)).stdout).toBe(`Task ${id} is canceled.\n`);
    expect((await stack.client.getTask(id)).status).toBe('Canceled');

    const on_start = webhook(`${stack.receiver.url}/start`);
    const { batchId, tasks } = await stack.client.createBatch([
      task({ id: 'a', kind: 'k', on_start }),
      task({ id: 'b', kind: 'k', on_start, dependencies: ['a'] }),
    ]);
    const child = tasks[1]!.id;
    await run('pause', child);
    expect((await stack.client.getTask(child)).status).toBe('Paused');
    await run('resume', child);
    expect((await stack.client.getTask(child)).status).toBe('Waiting');
    expect((await run('stop', batchId)).stdout).toContain('is stopped: 2 canceled, 0 had ended before.');
    expect((await stack.client.getBatch(batchId)).status_counts.canceled).toBe(2);
  });

  test('rules sets them, from options or a file, and takes them away', async () => {
    const on_start = webhook(`${stack.receiver.url}/start`);
    const { batchId, tasks } = await stack.client.createBatch([
      task({ id: 'a', kind: 'k', on_start }),
      task({ id: 'b', kind: 'ruled', on_start, dependencies: ['a'] }),
    ]);
    const rulesNow = async () => (await stack.client.getTask(tasks[1]!.id)).rules;
    const perTenant = {
      type: 'Concurency',
      max_concurency: 2,
      matcher: { status: 'Running', kind: 'ruled', fields: ['tenant'] },
    };
    const { stdout } = await run('rules', batchId, 'ruled', '--max', '2', '--fields', 'tenant');
    expect(stdout).toBe('1 task has new rules.\n');
    expect(await rulesNow()).toEqual([perTenant]);
    await run('rules', batchId, 'ruled', '--none');
    expect(await rulesNow()).toEqual([]);
    const file = join(folder, 'rules.json');
    await writeFile(file, JSON.stringify([perTenant]));
    await run('rules', batchId, 'ruled', '--file', file);
    expect(await rulesNow()).toEqual([perTenant]);
    await stack.client.stopBatch(batchId);
  });

  test('deliveries lists the ledger', async () => {
    const { tasks } = await stack.client.createBatch([
      task({
        id: 'a',
        kind: 'k',
        on_start: webhook(`${stack.receiver.url}/start`),
        on_success: [webhook(`${stack.receiver.url}/done`)],
      }),
    ]);
    const { id } = tasks[0]!;
    await untilRunning(stack.client, id);
    await stack.client.reportSuccess(id);
    await expect
      .poll(async () => (await run('deliveries', 'list', '--status', 'Success')).stdout, { timeout: 20_000 })
      .toMatch(new RegExp(`Success  End Success  task ${id} +1$`, 'm'));
  });
});
