// The floor of Node itself: the same as that of Express, by node:http alone. It is also who the floor of got calls.
import type { ServerCommands } from './express-floor.ts';
import { listen } from './listen.ts';
import { serveCommands } from './serve-commands.ts';

const url = await listen((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { id } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id?: string };
    const body = JSON.stringify({ id, status: 'ok' });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});
serveCommands({ url: () => url } satisfies ServerCommands);
