import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which way nothing gets through. */
export type Direction = 'to server' | 'to client';

/** A way to a server that can be cut or stalled, as a network or a crash does it. */
export interface CuttableWay {
  /** The server's address, by this way. */
  readonly url: string;
  /** Breaks every connection, and refuses new ones until it is mended. */
  cut(): void;
  /** Swallows what comes from there, without a word; connections stand, and new ones can be made. */
  stall(directions: readonly Direction[]): void;
  /** What was swallowed comes through after all, as it does when packets are sent again. */
  mend(): void;
  close(): Promise<void>;
}

export async function openWay(targetUrl: string): Promise<CuttableWay> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  /** The sockets that data of a direction comes from. */
  const sources = { 'to server': new Set<Socket>(), 'to client': new Set<Socket>() };
  let isCut = false;
  let stalled: readonly Direction[] = [];
  const keep = (socket: Socket, direction: Direction) => {
    sockets.add(socket);
    sources[direction].add(socket);
    if (stalled.includes(direction)) socket.pause();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      sources[direction].delete(socket);
    });
  };
  /** Like pipe, but a drained sink does not end a stall. */
  const pass = (from: Socket, to: Socket, direction: Direction) => {
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!stalled.includes(direction)) from.resume();
    });
    from.on('end', () => to.end());
  };
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (inner) => {
    if (isCut) {
      inner.destroy();
      return;
    }
    const outer = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
    pass(inner, outer, 'to server');
    pass(outer, inner, 'to client');
    inner.resume();
    keep(inner, 'to server');
    keep(outer, 'to client');
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const way = new URL(targetUrl);
  way.port = String((server.address() as AddressInfo).port);
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: way.href,
    cut,
    stall: (directions) => {
      stalled = directions;
      for (const direction of directions) for (const socket of sources[direction]) socket.pause();
    },
    mend: () => {
      isCut = false;
      stalled = [];
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
