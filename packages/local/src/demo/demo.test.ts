import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createReceiver } from '../receiver/receiver.ts';
import { generateWorkflow } from '../workflows/index.ts';
import type { Workflow } from '../workflows/index.ts';
import { FakeApi } from './fake-api.ts';
import type { Faults } from './fake-api.ts';
import { FakeTerminal } from './fake-terminal.ts';
import { runDemo, runWorkflow } from './index.ts';

/** Enough for a crowded machine. */
const PATIENCE = { timeout: 20_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closers.splice(0).map((close) => close()));
});

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** What stands behind each escape, the sequence itself first. */
function sequencesIn(text: string): string[] {
  return text.split('\u001b[').slice(1);
}

/** A real receiver between the runner and a fake API, all over HTTP. */
async function setUp(faults: Faults = {}, terminal = new FakeTerminal({ isTTY: false })) {
  const api = new FakeApi(faults);
  const apiUrl = await api.listen();
  const receiver = createReceiver();
  await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
  const address = receiver.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  closers.push(
    () => {
      api.close();
    },
    () => receiver.close(),
  );
  const abort = new AbortController();
  const options = {
    apiUrl,
    receiverUrl: `http://127.0.0.1:${address.port}`,
    output: terminal.asStream(),
    signal: abort.signal,
  };
  return { api, abort, terminal, options };
}

describe('the demo', () => {
  const timeScale = 30;

  test('ends well when every task ends as it should and all notifications came', async () => {
    const { terminal, options } = await setUp();
    expect(await runDemo({ ...options, timeScale })).toEqual({ ok: true });
    expect(terminal.text).toContain('All 23 tasks ended as they should');
    expect(terminal.text).toMatch(/security-scan +Failure \(on purpose\)/);
    expect(terminal.text).toMatch(/release-notes +Success/);
    expect(terminal.text).toContain('4 of tasks, 1 of the whole batch');
    expect(terminal.text).not.toContain('\u001b');
    // One line for each end, one row in the table.
    expect(terminal.text.match(/announce: Success/g)).toHaveLength(1);
  });

  test('a task that fails unexpectedly is named with its reason, and so is what needed it', async () => {
    const { terminal, options } = await setUp({ failing: 'lint' });
    expect(await runDemo({ ...options, timeScale })).toEqual({ ok: false });
    expect(terminal.text).toContain('lint ended in Failure, not in Success: struck by a fault');
    expect(terminal.text).toContain('announce ended in Failure, not in Success');
    expect(terminal.text).not.toContain('typecheck ended');
  });

  test('is not well without the notification of the batch', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    closers.push(() => vi.useRealTimers());
    const { terminal, options } = await setUp({ silentBatch: true });
    const running = runDemo({ ...options, timeScale });
    // Time is let go once everything else is there, so that the patience ends.
    await vi.waitUntil(() => terminal.text.includes('announce: Success'), PATIENCE);
    const advance = setInterval(() => vi.advanceTimersByTime(2_000), 5);
    closers.push(() => clearInterval(advance));
    expect(await running).toEqual({ ok: false });
    expect(terminal.text).toContain('the notification about the end of the batch did not arrive');
    expect(terminal.text).not.toContain('the notification about deploy-eu');
  });

  test('goes on when the API fails to answer for a while', async () => {
    const { terminal, options } = await setUp({ failedReads: 2 });
    expect(await runDemo({ ...options, timeScale })).toEqual({ ok: true });
    expect(terminal.text).toContain('the API does not answer, asking again');
  });

  test('a refusal is a sentence with its details', async () => {
    const refusal = { error: 'The request is not valid.', status: 400, details: ['tasks[0].kind: too long'] };
    const { terminal, options } = await setUp({ refusal });
    expect(await runDemo(options)).toEqual({ ok: false });
    expect(terminal.text).toContain('POST /task answered 400: The request is not valid.');
    expect(terminal.text).toContain('\n  tasks[0].kind: too long\n');
  });

  test('on a terminal the lines are redrawn in place, in colour, and the cursor comes back', async () => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    const { terminal, options } = await setUp({}, new FakeTerminal({ isTTY: true }));
    expect(await runDemo({ ...options, timeScale })).toEqual({ ok: true });
    expect(terminal.text.startsWith(HIDE_CURSOR)).toBe(true);
    expect(terminal.text.split(SHOW_CURSOR)).toHaveLength(2);
    expect(terminal.text).toContain('\u001b[32m✔\u001b[0m');
    expect(sequencesIn(terminal.text)).toContainEqual(expect.stringMatching(/^\d+A\r/));
    expect(terminal.text).toContain('23/23');
  });

  test('NO_COLOR leaves the colours out', async () => {
    vi.stubEnv('NO_COLOR', '1');
    vi.stubEnv('TERM', 'xterm');
    const { terminal, options } = await setUp({}, new FakeTerminal({ isTTY: true }));
    await runDemo({ ...options, timeScale });
    expect(terminal.text).toContain('✔ checkout');
    expect(sequencesIn(terminal.text)).not.toContainEqual(expect.stringMatching(/^\d*m/));
  });

  test('an abort ends it at once and gives the cursor back', async () => {
    vi.stubEnv('TERM', 'xterm');
    const { abort, terminal, options } = await setUp({ asleep: true }, new FakeTerminal({ isTTY: true }));
    const running = runDemo(options);
    await vi.waitUntil(() => terminal.text.includes('0/23'), PATIENCE);
    abort.abort();
    expect(await running).toEqual({ ok: false });
    expect(terminal.text.endsWith(SHOW_CURSOR)).toBe(true);
  });
});

describe('a workflow', () => {
  async function fileWith(text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'arcrun-demo-'));
    closers.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'w.json');
    await writeFile(file, text);
    return file;
  }
  const small: Workflow = generateWorkflow({ seed: 3, tasks: 60, levels: 4, fanIn: 20 });

  test('runs to the end, and the times of its edges are listed', async () => {
    const { api, terminal, options } = await setUp();
    const file = await fileWith(JSON.stringify(small));
    expect(await runWorkflow({ ...options, file, timeScale: 400 })).toEqual({ ok: true });
    expect(terminal.text).toContain('60 of 60 tasks succeeded');
    expect(terminal.text).toMatch(/→ gather +1 /);
    const withParents = small.tasks.filter((task) => task.parents.length > 0).length;
    expect(terminal.text).toMatch(new RegExp(`all edges +${withParents} +\\d`));
    expect(api.posted?.tasks).toHaveLength(60);
  });

  test('by default the longest path takes 20 s', async () => {
    const { api, abort, options } = await setUp({ asleep: true });
    const file = await fileWith(
      JSON.stringify({
        name: 'w',
        makespan_seconds: 1,
        tasks: [
          { id: 'a', kind: 'k', runtime_seconds: 30, parents: [] },
          { id: 'b', kind: 'k', runtime_seconds: 10, parents: ['a'] },
        ],
      }),
    );
    const running = runWorkflow({ ...options, file });
    await vi.waitUntil(() => api.posted !== null, PATIENCE);
    abort.abort();
    expect(await running).toEqual({ ok: false });
    expect(api.posted?.tasks.map((task) => task.on_start.params.body)).toEqual([
      { duration_ms: 15_000, outcome: 'Success', local_id: 'a' },
      { duration_ms: 5_000, outcome: 'Success', local_id: 'b' },
    ]);
  });

  test('is not well when a task fails', async () => {
    const { terminal, options } = await setUp({ failing: 'l4_1' });
    const file = await fileWith(JSON.stringify(small));
    expect(await runWorkflow({ ...options, file, timeScale: 400 })).toEqual({ ok: false });
    expect(terminal.text).toContain('59 of 60 tasks succeeded');
    expect(terminal.text).toContain('l4_1 is Failure: struck by a fault');
  });

  test('is not well when children are called before their parents ended', async () => {
    const { terminal, options } = await setUp({ impatient: true });
    const file = await fileWith(JSON.stringify(small));
    expect(await runWorkflow({ ...options, file, timeScale: 100 })).toEqual({ ok: false });
    expect(terminal.text).toContain('tasks were called before their last parent ended!');
  });

  test.each([
    ['{"name":"w","makespan_seconds":1,"tasks":[{}]}', undefined, 'cannot be run: tasks[0].id must be'],
    [JSON.stringify(small), 0, 'The time scale must be a number above 0.'],
  ])('what cannot be run is one sentence %#', async (text, timeScale, sentence) => {
    const { terminal, options } = await setUp();
    const file = await fileWith(text);
    const scale = timeScale === undefined ? {} : { timeScale };
    expect(await runWorkflow({ ...options, file, ...scale })).toEqual({ ok: false });
    expect(terminal.text).toContain(sentence);
    expect(terminal.text.trimEnd().split('\n')).toHaveLength(1);
  });

  test('on a terminal a bar is redrawn and the cursor comes back', async () => {
    vi.stubEnv('TERM', 'xterm');
    const { terminal, options } = await setUp({}, new FakeTerminal({ isTTY: true, columns: 60 }));
    const file = await fileWith(JSON.stringify(small));
    await runWorkflow({ ...options, file, timeScale: 100 });
    expect(terminal.text.split(SHOW_CURSOR)).toHaveLength(2);
    expect(terminal.text).toContain('60/60');
  });
});
