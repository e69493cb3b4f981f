import { createServer } from 'node:net';

function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}

/**
 * Whether nothing listens on a port, neither on loopback alone nor on all addresses: a server of
 * another program on 0.0.0.0 does not always stop a bind to 127.0.0.1.
 */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryPort(port, '127.0.0.1')) !== undefined && (await tryPort(port, '0.0.0.0')) !== undefined;
}

/**
 * The preferred port when it is free, else the next free one of the 20 after it, else any.
 * @param taken ports that were promised to somebody who does not listen yet
 */
export async function findFreePort(
  preferred?: number,
  taken: ReadonlySet<number> = new Set(),
): Promise<number> {
  if (preferred !== undefined && preferred > 0) {
    for (let port = preferred; port <= Math.min(preferred + 20, 65535); port += 1) {
      if (!taken.has(port) && (await isPortFree(port))) return port;
    }
  }
  for (;;) {
    const port = await tryPort(0, '127.0.0.1');
    if (port !== undefined && !taken.has(port)) return port;
  }
}
