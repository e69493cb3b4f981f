import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StartupError } from './startup-error.ts';

const WAIT_MS = 10_000;
const RETRY_MS = 250;

/** A server that the environment names instead of the embedded one. */
export interface GivenServer {
  /** Of the variable. */
  readonly name: string;
  readonly protocols: readonly string[];
  readonly defaultPort: number;
}

export const GIVEN_POSTGRES: GivenServer = {
  name: 'DATABASE_URL',
  protocols: ['postgres:', 'postgresql:'],
  defaultPort: 5432,
};
export const GIVEN_REDIS: GivenServer = {
  name: 'REDIS_URL',
  protocols: ['redis:', 'rediss:'],
  defaultPort: 6379,
};

/**
 * Waits until something listens where the URL says, since it may be starting just now. The URL itself is never
 * shown: it may hold a password.
 *
 * @throws StartupError when it is no such URL, or when nobody answers there
 */
export async function requireServer(server: GivenServer, text: string, waitMs = WAIT_MS): Promise<void> {
  const { name, protocols, defaultPort } = server;
  const url = URL.parse(text);
  if (url === null || !protocols.includes(url.protocol))
    throw new StartupError(
      `${name} must be a URL that begins with ${protocols[0]}//; leave it out for the embedded server.`,
    );
  // A socket's folder: there is no port to knock at.
  if (url.hostname === '' || url.hostname.startsWith('%2F')) return;
  const port = url.port === '' ? defaultPort : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const failure = await knock(host, port);
    if (failure === null) return;
    if (performance.now() > deadlineMs) {
      throw new StartupError(
        `${name} names ${url.hostname}:${port}, where nobody answers (${failure}): start the server, correct the address, or leave ${name} out for the embedded one.`,
      );
    }
    await delay(RETRY_MS);
  }
}

async function knock(host: string, port: number): Promise<string | null> {
  const socket = connect({ host, port, timeout: RETRY_MS * 8 });
  try {
    socket.on('timeout', () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    await once(socket, 'connect');
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    socket.destroy();
  }
}
