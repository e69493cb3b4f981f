import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handle } from '@arcrun/client';

/** What the tasks of the test do: report success, after their `on_start` was held back for as long as its URL says. */
export interface SlowReceiver {
  readonly port: number;
  /** How often each task was called. */
  readonly starts: ReadonlyMap<string, number>;
  /** Calls that are being held back now. */
  readonly open: () => number;
  close(): void;
}

/** Starts a receiver that containers reach, too. A call whose caller goes away is not answered, and its task not done. */
export async function startSlowReceiver(token: string): Promise<SlowReceiver> {
  const starts = new Map<string, number>();
  let open = 0;
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://receiver');
    const id = String(request.headers['x-task-id']);
    starts.set(id, (starts.get(id) ?? 0) + 1);
    open++;
    const timer = setTimeout(
      () => {
        response.writeHead(202).end();
        void handle(searchParams.get('handle')!, { token })
          .success()
          .catch(() => undefined);
      },
      Number(searchParams.get('hold') ?? 0),
    );
    response.once('close', () => {
      open--;
      clearTimeout(timer);
    });
    request.resume();
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    starts,
    open: () => open,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
