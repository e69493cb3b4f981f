import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { openEvents } from '../../testing/event-reader.ts';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
const opened: ClientRequest[] = [];
beforeAll(async () => {
  const services = { templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') };
  api = await startApi({ ...services, settings: { OPEN_REQUESTS_MAX: '2' } });
});
afterEach(() => {
  for (const one of opened.splice(0)) one.destroy();
});
afterAll(() => api.close());

const BODY = '[]';

/** A request that is open until the rest of its body is sent. */
async function openRequest(): Promise<ClientRequest> {
  const headers = {
    'content-type': 'application/json',
    'content-length': BODY.length,
    expect: '100-continue',
  };
  const one = request(`${api.url}/task`, { method: 'POST', headers });
  one.on('error', () => undefined);
  one.flushHeaders();
  // It is being worked on.
  await once(one, 'continue');
  opened.push(one);
  return one;
}

const statusOf = async (path: string) => (await api.call('GET', path)).status;

// proves: http/open-requests-limit
test('more than can be worked on are 503 at once, until one is answered; probes are served', async () => {
  const [first] = [await openRequest(), await openRequest()];
  const refused = await api.call('GET', '/task');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('x-request-id')).not.toBeNull();
  expect(refused.json).toMatchObject({ code: 'unavailable', error: 'Too many requests are open' });
  expect((await api.call('PATCH', '/task/x', { body: {} })).status).toBe(503);
  expect(await Promise.all(['/health', '/ready', '/metrics'].map(statusOf))).toEqual([200, 200, 200]);
  expect((await api.call('GET', '/metrics')).text).toContain('\nrequests_shed_total 2\n');

  first.end(BODY);
  const [response] = await once(first, 'response');
  expect(response.statusCode).toBe(204);
  await expect.poll(() => statusOf('/task')).toBe(200);
});

test('a stream of events is none of them, and neither is what broke off', async () => {
  const created = await api.call('POST', '/task', {
    body: [
      {
        ...{ id: 'a', name: 'a', kind: 'k' },
        on_start: { kind: 'Webhook', params: { url: 'https://receiver.example/', verb: 'Post' } },
      },
    ],
  });
  const stream = await openEvents(`${api.url}/batch/${created.headers.get('x-batch-id')}/events`);
  await stream.next();
  const [first] = [await openRequest()];
  expect(await statusOf('/task')).toBe(200);
  await openRequest();
  expect(await statusOf('/task')).toBe(503);
  first.destroy();
  await expect.poll(() => statusOf('/task')).toBe(200);
  stream.close();
});
