import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arcrun, startArcrun } from '../harness/arcrun.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

const TOKEN = 'the-token-of-the-server';
const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057';

let stack: Stack;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  [stack, folder] = await Promise.all([
    startStack({ apis: 1, workers: 1, settings: { AUTH_TOKEN: TOKEN } }),
    mkdtemp(join(tmpdir(), 'arcrun-failures-')),
  ]);
  env = { ARCRUN_URL: stack.apis[0]!.url, ARCRUN_TOKEN: TOKEN };
});
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs words that must fail: one sentence on stderr, nothing on stdout. */
async function failureOf(words: readonly string[], own: Record<string, string> = {}) {
  const { code, stdout, stderr } = await arcrun(words, { env: { ...env, ...own }, stdin: 'not json' });
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^[^\sa-z][^\n]*[.?)]\n$|^\S+[:./]\S+ [^\n]*[.?)]\n$/);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
  return { code, sentence: stderr.trim() };
}

// proves: client/command-sentence, client/command-exit-codes
describe('one sentence says what is wrong, and the exit code what kind of thing it is', () => {
  test.each([
    ['an unknown word', ['lst'], /unknown command 'lst'.*list/i],
    ['a missing word', ['view'], /batch_id/],
    ['a word too many', ['view', NOBODY, 'more'], /too many arguments/i],
    ['an unknown option', ['list', '--colour'], /unknown option '--colour'/i],
    [
      'a status that is no end',
      ['update', NOBODY, 'Running'],
      /^'status': allowed choices are Success, Failure\.$/,
    ],
    ['a failure without a reason', ['update', NOBODY, 'Failure'], /--reason/],
    [
      'a number that is none',
      ['list', '--limit', 'many'],
      /^Option '--limit <n>': it must be a whole number from 1 to 100000\.$/,
    ],
    ['a filter of batches for tasks', ['list', 'tasks', '--scope', 'x'], /^--scope is no filter of tasks\.$/],
    ['a filter of tasks for batches', ['list', '--batch', NOBODY], /^--batch is no filter of batches\.$/],
    ['JSON that is none', ['single', '--metadata', '{a'], /must be JSON/],
    [
      'digits that would be lost',
      ['single', '--body', '[1,"9007199254740993",-9007199254740993]'],
      /number -9007199254740993 would lose/,
    ],
    ['a step that is none', ['dag', '--fail', 'lunch'], /"lunch" is no step/],
    ['rules without rules', ['rules', NOBODY, 'k'], /--max/],
    ['no delivery to retry', ['deliveries', 'retry'], /--all/],
    [
      'a file that is not there',
      ['run', 'nowhere.json'],
      /nowhere\.json can't be read: there is no such file/,
    ],
    ['a folder', ['run', '/'], /it is a folder/],
    ['stdin that is no JSON', ['run', '-'], /The input is not JSON/],
    ['a shell that nobody knows', ['completion', 'tcsh'], /bash, zsh, fish/],
  ])('%s', async (_name, words, sentence) => {
    const failure = await failureOf(words);
    expect(failure.sentence).toMatch(sentence);
    expect(failure.code).toBe(2);
  });

  test.each([
    ['an address that is none', { ARCRUN_URL: 'localhost 8085' }],
    ['an address of another kind', { ARCRUN_URL: 'ftp://localhost' }],
  ])('%s', async (_name, own) => {
    const sentence: unknown = expect.stringContaining('check ARCRUN_URL');
    expect(await failureOf(['list'], own)).toEqual({ code: 2, sentence });
  });

  test.each([
    ['batch', ['view', NOBODY]],
    ['batch', ['watch', NOBODY]],
    ['batch', ['stop', NOBODY]],
    ['batch', ['rules', NOBODY, 'k', '--none']],
    ['task', ['cancel', NOBODY]],
    ['task', ['pause', NOBODY]],
    ['task', ['update', NOBODY, 'Success']],
    ['task', ['explain', NOBODY]],
    ['delivery', ['deliveries', 'retry', NOBODY]],
    ['batch', ['view', 'no-uuid']],
  ])('an unknown %s (%j)', async (what, words) => {
    expect(await failureOf(words)).toEqual({
      code: 3,
      sentence: `There is no ${what} ${words.includes(NOBODY) ? NOBODY : words[1]}.`,
    });
  });

  test('a file that the server refuses, field by field', async () => {
    const file = join(folder, 'bad.json');
    await writeFile(file, '[{"id": "a", "name": "", "kind": "k", "on_start": 7}]');
    const { code, sentence } = await failureOf(['run', file]);
    expect(code).toBe(4);
    expect(sentence).toContain('tasks[0].name: ');
    expect(sentence).toContain('tasks[0].on_start: ');
  });

  test('a state that does not allow it', async () => {
    const on_start = webhook(`${stack.receiver.url}/start`);
    const { tasks } = await stack.client.createBatch([task({ id: 'a', kind: 'k', on_start })]);
    await stack.client.cancelTask(tasks[0]!.id);
    const { code, sentence } = await failureOf(['cancel', tasks[0]!.id]);
    expect(code).toBe(4);
    expect(sentence).toContain('Canceled');
  });

  test('no token, and a wrong one', async () => {
    expect(await failureOf(['list'], { ARCRUN_TOKEN: '' })).toEqual({
      code: 6,
      sentence: `The server at ${env['ARCRUN_URL']} asks for a token: set ARCRUN_TOKEN.`,
    });
    expect(await failureOf(['watch', NOBODY], { ARCRUN_TOKEN: 'guessed' })).toEqual({
      code: 6,
      sentence: `The server at ${env['ARCRUN_URL']} does not take this token: check ARCRUN_TOKEN.`,
    });
  });

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    server.close();
    const { code, sentence } = await failureOf(['list', '--url', url]);
    expect(code).toBe(5);
    expect(sentence).toMatch(new RegExp(`^The server at ${url} does not answer \\(.*ECONNREFUSED`));
  });

  test('somebody else listens', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(404).end('<html>nginx</html>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const { code, sentence } = await failureOf(['view', NOBODY], { ARCRUN_URL: url });
    expect(sentence).toBe(`${url} answered 404, but not as ArcRun does: is ARCRUN_URL right?`);
    expect(code).toBe(5);
    server.close();
  });

  test('a server that is busy: what it waits for is told, then it goes on', async () => {
    let calls = 0;
    const server = createServer((_request, response) => {
      calls += 1;
      if (calls === 1) response.writeHead(503, { 'retry-after': '1' }).end('{"error": "busy"}');
      else response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    expect(await arcrun(['list'], { env: { ARCRUN_URL: url } })).toEqual({
      code: 0,
      stdout: 'There is no such batch.\n',
      stderr: 'The server is busy (503), asking again in 2 s.\n',
    });
    server.close();
  });

  test('with --json the sentence is JSON, with the status and the details', async () => {
    const { code, stdout, stderr } = await arcrun(['run', '-', '--json'], { env, stdin: '[{"id": "a"}]' });
    expect([code, stdout]).toEqual([4, '']);
    const failure = JSON.parse(stderr) as { error: string; status: number; details: string[] };
    expect(failure.status).toBe(400);
    expect(failure.details).toContainEqual(expect.stringContaining('tasks[0].name'));
  });
});

// proves: client/command-watch-outage
test('a server that goes away while it is watched and comes back is waited for', async () => {
  const own = await startStack({ apis: 1, workers: 1, hasFaults: true });
  const on_start = webhook(`${own.receiver.url}/start`);
  const { batchId, tasks } = await own.client.createBatch([task({ id: 'a', kind: 'k', on_start })]);
  await untilRunning(own.client, tasks[0]!.id);
  const watching = startArcrun(['watch', batchId], { env: { ARCRUN_URL: own.apis[0]!.url } });
  await watching.says('1 task: ');
  await own.apis[0]!.kill();
  await expect
    .poll(watching.stdout, { timeout: 20_000 })
    .toContain('the server does not answer, asking again');
  await own.startApi({ PORT: new URL(own.hostUrl).port });
  await own.client.reportSuccess(tasks[0]!.id);
  const { code, stdout } = await watching.ended;
  expect(code).toBe(0);
  expect(stdout).toContain('The batch has ended: 1 succeeded.');
  await own.close();
});
