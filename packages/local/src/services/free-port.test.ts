import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { findFreePort, isPortFree } from './free-port.ts';

async function listenOn(host: string): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP address');
  return { port: address.port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

test.each(['127.0.0.1', '0.0.0.0'])('a port that is listened on at %s is passed over', async (host) => {
  const taken = await listenOn(host);
  try {
    expect(await isPortFree(taken.port)).toBe(false);
    const found = await findFreePort(taken.port);
    expect(found).not.toBe(taken.port);
    expect(await isPortFree(found)).toBe(true);
  } finally {
    await taken.close();
  }
});

test('a free preferred port is taken, a promised one is not', async () => {
  const { port, close } = await listenOn('127.0.0.1');
  await close();
  expect(await findFreePort(port)).toBe(port);
  expect(await findFreePort(port, new Set([port]))).not.toBe(port);
});

test('beyond the highest port any other is found', async () => {
  const taken = new Set([65_535]);
  const found = await findFreePort(65_535, taken);
  expect(found).toBeGreaterThan(0);
  expect(found).not.toBe(65_535);
});
