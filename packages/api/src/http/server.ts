import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Longer than the idle time of usual load balancers, so that they close idle connections and never race with us. */
const KEEP_ALIVE_MS = 75_000;

/** Connections that wait to be taken in; with Node's 511, others were reset in a storm. The kernel may allow less. */
const BACKLOG = 4096;

const SWEEP_MS = 20;

export interface RunningServer {
  readonly port: number;
  /** Takes no new connections, answers what is open, and resolves when the last connection is closed. */
  stop(): Promise<void>;
}

/** @throws the error of the socket, such as EADDRINUSE */
export async function startServer(listener: RequestListener, port: number): Promise<RunningServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  server.on('clientError', answerClientError);
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, backlog: BACKLOG }, resolve);
  await listening;
  const address = server.address() as AddressInfo;
  return { port: address.port, stop: () => stopServer(server) };
}

async function stopServer(server: Server): Promise<void> {
  // Before the application, which may answer at once.
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection whose answer was under way stays open behind it, and nobody tells when it has become idle.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  await closed;
  clearInterval(sweep);
}

const CLIENT_ERRORS = new Map<string | undefined, readonly [number, string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'The headers are too large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'The request took too long to arrive']],
]);

/** What is no HTTP gets an answer of the same shape as everything else. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // An answer that is under way, or still to come, is to what came before; this one would be taken for it.
  const answer = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  if (answer != null && (answer.headersSent || answer.req.complete)) {
    socket.destroy();
    return;
  }
  const [status, sentence] = CLIENT_ERRORS.get(error.code) ?? [400, 'The request is not HTTP'];
  const body = JSON.stringify({ error: sentence, status, code: 'bad_http' });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
