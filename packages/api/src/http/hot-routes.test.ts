import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '@arcrun/observability';
import { expect, test } from 'vitest';
import { hotRoutes } from './hot-routes.ts';

const ID = '0190c2a5-0000-7000-8000-00000000000a';

/** Which way a request takes, and with which id. */
function wayOf(method: string, url: string, level: Logger['level'] = 'info'): string {
  let way = 'nowhere';
  const call = (name: string) => async (_request: IncomingMessage, _response: ServerResponse, id: string) => {
    way = `${name} ${id}`;
  };
  const options = {
    calls: { PATCH: call('PATCH'), PUT: call('PUT') },
    checkAccess: undefined,
    logger: { level } as Logger,
  };
  const response = { setHeader: () => undefined } as unknown as ServerResponse;
  const listener = hotRoutes(options, () => void (way = 'Express'));
  listener({ method, url, headers: {} } as IncomingMessage, response);
  return way;
}

test.each([
  ['PUT', `/task/${ID}`],
  ['PATCH', `/task/${ID}`],
  ['PATCH', `/task/${ID}?attempt=2`],
  ['PUT', `/task/${ID.toUpperCase()}`],
])('%s %s is short', (method, url) => {
  expect(wayOf(method, url)).toBe(`${method} ${ID}`);
});

test.each([
  ['GET', `/task/${ID}`],
  ['DELETE', `/task/${ID}`],
  ['POST', `/task/${ID}`],
  ['PUT', `/task/${ID}/`],
  ['PUT', `/task/${ID}/explain`],
  ['PUT', `/TASK/${ID}`],
  ['PUT', `/task/${ID}0`],
  ['PUT', `/task/${ID.slice(1)}`],
  ['PUT', `/task/${ID.slice(0, -3)}%61`],
  ['PATCH', `/task/pause/${ID}`],
  ['PATCH', '/task/pause'],
  ['PUT', `http://api.example/task/${ID}`],
  ['PUT', '/task'],
  ['PUT', ''],
])('%s %s goes through Express', (method, url) => {
  expect(wayOf(method, url)).toBe('Express');
});

test('while each call is logged, all go through Express', () => {
  expect(wayOf('PUT', `/task/${ID}`, 'debug')).toBe('Express');
});
