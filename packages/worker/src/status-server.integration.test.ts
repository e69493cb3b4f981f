import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AccessTokens } from '@arcrun/config';
import { createTestDatabase, type TestDatabase } from '@arcrun/database/testing';
import { createLogger, createMetrics } from '@arcrun/observability';
import { openProducerRedis } from '@arcrun/queue';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createStatusServer } from './status-server.ts';

const TOKENS = ['the-first-of-the-tokens', 'the-second-of-the-tokens'];

let database: TestDatabase;
let redis: Redis;
beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
  redis = openProducerRedis({ url: inject('redisUrl'), onError: () => undefined });
});
afterAll(async () => {
  redis.disconnect();
  await database.close();
});

async function serve(tokens: AccessTokens | undefined) {
  const server: Server = createStatusServer({
    database,
    redis,
    metrics: createMetrics(),
    logger: createLogger({ level: 'info', format: 'json', service: 'worker' }),
    tokens,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, authorization?: string) =>
    fetch(url + path, { headers: { ...(authorization !== undefined && { authorization }) } });
  return { ask, close: () => server.close() };
}

describe('with tokens', () => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    served = await serve(new AccessTokens(TOKENS));
  });
  afterAll(() => served.close());

  // proves: settings/auth-worker, settings/worker-port, settings/auth-open
  test.each(['/health', '/ready', '/health?from=a-probe'])('%s is open', async (path) => {
    await expect.poll(async () => (await served.ask(path)).status).toBe(200);
  });

  // proves: settings/auth-worker
  test.each(['/metrics', '/', '//', '/nothing', '/health/x'])('%s needs one', async (path) => {
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${TOKENS[0]}`]) {
      const answer = await served.ask(path, authorization);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await answer.json()).toEqual({ error: expect.any(String), status: 401 });
    }
  });

  // proves: settings/auth-worker
  test.each(TOKENS)('%s opens the metrics', async (token) => {
    const answer = await served.ask('/metrics', `Bearer ${token}`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('# TYPE');
  });
});

test('without tokens everybody may ask', async () => {
  const { ask, close } = await serve(undefined);
  expect((await ask('/metrics')).status).toBe(200);
  expect((await ask('//')).status).toBe(404);
  close();
});
