import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

export interface StrippingProxy {
  /** Its address with the path. */
  readonly url: string;
  /** Where it passes requests on to. */
  target: string;
  /** Breaks all connections off. */
  cut(): void;
  close(): Promise<void>;
}

/** A proxy that serves below a path, and takes the path away before it passes a request on. */
export async function startStrippingProxy(path: string): Promise<StrippingProxy> {
  const server = createServer((incoming, outgoing) => {
    const given = incoming.url ?? '/';
    if (given !== path && !given.startsWith(`${path}/`)) {
      outgoing.writeHead(404).end('outside of the path');
      return;
    }
    const passed = send(
      proxy.target + (given.slice(path.length) || '/'),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        // Who asked may be gone by now; an answer that breaks off breaks off here too.
        if (outgoing.destroyed) answer.destroy();
        else pipeline(answer, outgoing, () => undefined);
      },
    );
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: StrippingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    target: '',
    cut: () => server.closeAllConnections(),
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return proxy;
}
