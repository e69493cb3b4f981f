import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

// The calls on a task's handle, by both ways: a slash behind the path leads through Express.

const TOKEN = 'the-token-of-this-test';
const UNKNOWN = '0190c2a5-0000-7000-8000-00000000000a';
const ACTION = { kind: 'Webhook', params: { url: 'https://receiver.example/', verb: 'Post' } };

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({
    templateUrl: inject('templateUrl'),
    redisUrl: inject('redisUrl'),
    settings: { AUTH_TOKEN: TOKEN, PAYLOAD_MAX_BYTES: '2000' },
  });
});
afterAll(() => api.close());

type Options = Parameters<RunningApi['call']>[2];
const bearer = { authorization: `Bearer ${TOKEN}` };

async function aTask(): Promise<string> {
  const body = [{ id: 'a', name: 'a', kind: 'k', on_start: ACTION }];
  const { json } = await api.call('POST', '/task', { headers: bearer, body });
  return json[0].id;
}

/** What is answered, without what differs from one call to the next. */
async function answerOf(method: string, path: string, { headers, ...rest }: NonNullable<Options> = {}) {
  const answer = await api.call(method, path, { ...rest, headers: { ...bearer, ...headers } });
  const { date: _, 'x-request-id': requestId, ...others } = Object.fromEntries(answer.headers);
  return { status: answer.status, headers: others, text: answer.text, hasRequestId: requestId !== undefined };
}

/** Makes the same call by both ways, each on a task of its own that `prepare` has brought where it is to be. */
async function callBothWays(
  method: string,
  options: Options,
  prepare: (id: string) => Promise<unknown> = async () => undefined,
) {
  const answers = [];
  for (const slash of ['', '/']) {
    const id = await aTask();
    await prepare(id);
    const answer = await answerOf(method, `/task/${id}${slash}`, options);
    answers.push({ ...answer, text: answer.text.replaceAll(id, '<id>') });
  }
  expect(answers[0]).toEqual(answers[1]);
  return answers[0]!;
}

const fail = { status: 'Failure', failure_reason: 'broken' };
const cancel = (id: string) => api.call('DELETE', `/task/${id}`, { headers: bearer });

test.each([
  ['PUT', { new_success: 2 }, 202, ''],
  ['PATCH', { new_success: 2 }, 200, '{"id":"<id>","status":"Pending"}'],
  ['PATCH', {}, 200, '{"id":"<id>","status":"Pending"}'],
])('%s %j', async (method, body, status, text) => {
  expect(await callBothWays(method, { body })).toMatchObject({ status, text, hasRequestId: true });
});

test('an ended task', async () => {
  expect(await callBothWays('PUT', { body: { new_success: 1 } }, cancel)).toMatchObject({ status: 202 });
  for (const body of [fail, { priority: 3 }]) {
    const { status, text } = await callBothWays('PATCH', { body }, cancel);
    expect([status, JSON.parse(text)]).toMatchObject([409, { status: 409, current_status: 'Canceled' }]);
  }
});

// proves: http/error-details
describe('what is refused', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  test.each<[string, NonNullable<Options>, number, readonly string[]]>([
    ['malformed JSON', { body: '{' }, 400, ['PUT', 'PATCH']],
    ['a wrong type', { body: { new_success: 'x', new_failures: -1 } }, 400, ['PUT', 'PATCH']],
    ['two zeros', { body: { new_success: 0, new_failures: 0 } }, 400, ['PUT']],
    ['no JSON object', { body: [] }, 400, ['PUT', 'PATCH']],
    ['a status that is not reported', { body: { status: 'Running' } }, 400, ['PATCH']],
    ['a failure without a reason', { body: { status: 'Failure' } }, 400, ['PATCH']],
    ['an empty body', { body: '' }, 400, ['PUT', 'PATCH']],
    ['another type', { body: '{"new_success":1}', headers: form }, 400, ['PUT', 'PATCH']],
    ['an encoding', { body: '{}', headers: { 'content-encoding': 'gzip' } }, 415, ['PUT', 'PATCH']],
    ['a large body', { body: `"${'x'.repeat(2000)}"` }, 413, ['PUT', 'PATCH']],
    ['a wrong token', { body: {}, headers: { authorization: 'Bearer x' } }, 401, ['PUT', 'PATCH']],
    ['no token', { body: {}, headers: { authorization: '' } }, 401, ['PUT', 'PATCH']],
  ])('%s', async (_name, options, expected, methods) => {
    for (const method of methods) {
      const { status, headers, text } = await callBothWays(method, options);
      expect([status, JSON.parse(text)]).toMatchObject([expected, { status: expected }]);
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
    }
  });

  test('a session, asked from a page of somebody else', async () => {
    const signedIn = await api.call('POST', '/sign-in', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token: TOKEN }).toString(),
    });
    const cookie = signedIn.headers.get('set-cookie')!.split(';', 1)[0]!;
    const headersFrom = (origin: string) => ({ authorization: '', cookie, origin });
    const body = { new_success: 1 };
    const own = await callBothWays('PUT', { body, headers: headersFrom('http://arcrun.example') });
    expect(own.status).toBe(202);
    const foreign = await callBothWays('PUT', { body, headers: headersFrom('https://elsewhere.example') });
    expect(foreign.status).toBe(403);
  });
});

test('a task that is not there', async () => {
  for (const slash of ['', '/']) {
    const { status, text } = await answerOf('PATCH', `/task/${UNKNOWN}${slash}`, { body: fail });
    expect([status, JSON.parse(text)]).toMatchObject([404, { error: 'Task not found' }]);
    const added = await answerOf('PUT', `/task/${UNKNOWN}${slash}`, { body: { new_success: 1 } });
    expect(added.status).toBe(202);
  }
});

test('a request id is kept by both ways', async () => {
  const id = await aTask();
  for (const path of [`/task/${id}`, `/task/${id}/`]) {
    const options = { body: {}, headers: { ...bearer, 'x-request-id': 'mine-1' } };
    expect((await api.call('PATCH', path, options)).headers.get('x-request-id')).toBe('mine-1');
  }
});

test('a failure of our own is 500 by both ways, and says nothing of it', async () => {
  await api.database.pool.query('alter function add_progress(json, boolean) rename to add_nothing');
  try {
    const { status, text } = await callBothWays('PUT', { body: { new_success: 1 } });
    expect([status, JSON.parse(text)]).toEqual([
      500,
      { error: 'Internal error', status: 500, code: 'internal' },
    ]);
  } finally {
    await api.database.pool.query('alter function add_nothing(json, boolean) rename to add_progress');
  }
});
