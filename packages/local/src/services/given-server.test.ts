import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { GIVEN_POSTGRES, GIVEN_REDIS, requireServer } from './given-server.ts';

test.each([
  [GIVEN_POSTGRES, 'nonsense', 'DATABASE_URL must be a URL that begins with postgres://'],
  [GIVEN_POSTGRES, 'mysql://h/d', 'DATABASE_URL must be'],
  [GIVEN_REDIS, 'http://h', 'REDIS_URL must be a URL that begins with redis://'],
])('%o: %s', async (server, url, sentence) => {
  await expect(requireServer(server, url)).rejects.toThrow(sentence);
});

test('nobody there: one sentence, without the password', async () => {
  const failed = requireServer(GIVEN_POSTGRES, 'postgres://user:secret@127.0.0.1:1/db', 300);
  await expect(failed).rejects.toThrow(
    /^DATABASE_URL names 127\.0\.0\.1:1, where nobody answers \(ECONNREFUSED\)/,
  );
  await expect(failed).rejects.not.toThrow(/secret/);
});

test('a server that comes a moment later is waited for', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const waiting = requireServer(GIVEN_REDIS, `redis://127.0.0.1:${port}`, 5000);
  setTimeout(() => server.listen(port, '127.0.0.1'), 300);
  await waiting;
  server.close();
});

test('the folder of a socket is left to Postgres', async () => {
  await requireServer(GIVEN_POSTGRES, 'postgres://%2Fvar%2Frun/db', 0);
});
