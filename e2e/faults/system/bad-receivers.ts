import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { freePort } from '../../harness/free-port.ts';

/** Receivers that misbehave, one port for each way; each address of this host at that port is another origin. */
export interface BadReceivers {
  /** Of so many origins, each way in turn. */
  urls(count: number): string[];
  close(): Promise<void>;
}

const CHUNK = Buffer.alloc(65_536, 'x');
const GIGABYTE = 1_073_741_824;

/** What their answers look like, where they answer at all. */
const ANSWERS: Readonly<Record<string, RequestListener>> = {
  '1 byte a second': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 1000);
    response.on('close', () => clearInterval(timer));
  },
  '500': (_, response) => response.writeHead(500).end('{}'),
  '429 with Retry-After': (_, response) => response.writeHead(429, { 'retry-after': '1' }).end(),
  '1 GB': (_, response) => {
    let sent = 0;
    const send = (): void => {
      while (sent < GIGABYTE && !response.destroyed) {
        sent += CHUNK.length;
        if (!response.write(CHUNK)) return;
      }
      response.end();
    };
    response.on('drain', send);
    send();
  },
  'a redirect to itself': (request, response) => response.writeHead(307, { location: request.url! }).end(),
  'a socket that is closed in the middle': (request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"begun":', () => request.socket.destroy());
  },
};

/** Starts one of each. */
export async function startBadReceivers(): Promise<BadReceivers> {
  const servers: Server[] = [];
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.on('connection', (socket) => socket.on('error', () => undefined));
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const hanging = await listen(createServer());
  const answering = await Promise.all(
    Object.values(ANSWERS).map((answer) => listen(createHttpServer(answer))),
  );
  const down = await freePort();
  // Plain HTTP where TLS is spoken.
  const plain = await listen(createHttpServer((_, response) => response.end()));
  const origins = [
    ...[down, hanging, ...answering].map((port) => (host: string) => `http://${host}:${port}`),
    (host: string) => `https://${host}:${plain}`,
  ];
  return {
    urls: (count) =>
      Array.from({ length: count }, (_, index) => origins[index % origins.length]!(`127.0.2.${index + 1}`)),
    close: async () => {
      await Promise.all(servers.map(closeAtOnce));
    },
  };
}

async function closeAtOnce(server: Server): Promise<void> {
  if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
  server.close();
}
