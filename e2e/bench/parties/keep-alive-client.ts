import { connect, type Socket } from 'node:net';
import { clockMs } from '../measure/clock.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** JSON text. */
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly batchId: string | null;
  readonly body: Buffer;
  /** When it was asked to send (it waits while all connections are busy), and when the whole answer was there. */
  readonly sentMs: number;
  readonly answeredMs: number;
}

interface Call {
  readonly text: string;
  readonly sentMs: number;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Servers close idle connections after 5 s and more; one that is younger is certainly open. */
const MAX_IDLE_MS = 3000;

/**
 * Sends requests over connections that are kept, one at a time on each. It writes and reads HTTP/1.1 itself, since
 * Node's client would cost as much as the API under test, on the same cores.
 */
export class KeepAliveClient {
  readonly #maxConnections: number;
  readonly #hosts = new Map<string, HostConnections>();

  /** @param maxConnections to each host */
  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections;
  }

  send(request: HttpRequest): Promise<HttpAnswer> {
    const { host, hostname, port } = new URL(request.url);
    let connections = this.#hosts.get(host);
    if (connections === undefined) {
      connections = new HostConnections(hostname, Number(port), this.#maxConnections);
      this.#hosts.set(host, connections);
    }
    const sentMs = clockMs();
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    connections.send({ text: formatRequest(request), sentMs, resolve, reject });
    return promise;
  }
}

/** The request as it goes over the wire. */
function formatRequest({ method, url, body }: HttpRequest): string {
  const { host, pathname, search } = new URL(url);
  const head = `${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The connections to one host. */
class HostConnections {
  readonly #hostname: string;
  readonly #port: number;
  readonly #max: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: Call[] = [];
  #open = 0;

  constructor(hostname: string, port: number, max: number) {
    this.#hostname = hostname;
    this.#port = port;
    this.#max = max;
  }

  send(call: Call): void {
    const connection = this.#takeIdle() ?? (this.#open < this.#max ? this.#connect() : undefined);
    if (connection === undefined) this.#waiting.push(call);
    else connection.begin(call);
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || performance.now() - connection.idleSinceMs < MAX_IDLE_MS)
        return connection;
      connection.close();
    }
  }

  #connect(): Connection {
    this.#open++;
    const connection = new Connection(connect(this.#port, this.#hostname), {
      onIdle: () => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#idle.push(connection);
        else connection.begin(next);
      },
      onClosed: () => {
        this.#open--;
        const place = this.#idle.indexOf(connection);
        if (place >= 0) this.#idle.splice(place, 1);
        const next = this.#waiting.shift();
        if (next !== undefined) this.send(next);
      },
    });
    return connection;
  }
}

const HEAD_END = '\r\n\r\n';

/** What the head of an answer tells, and which bytes of the answer are its body. */
interface AnswerHead {
  readonly status: number;
  readonly batchId: string | null;
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

/** One connection: a request, its answer, the next request. */
class Connection {
  /** When its last answer was complete (`performance.now()`). */
  idleSinceMs = 0;
  readonly #socket: Socket;
  readonly #onIdle: () => void;
  #call: Call | undefined;
  /** Put together only when all is there: a large answer comes in hundreds of them. */
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #head: AnswerHead | undefined;

  constructor(socket: Socket, { onIdle, onClosed }: { onIdle: () => void; onClosed: () => void }) {
    this.#socket = socket;
    this.#onIdle = onIdle;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => {
      this.#fail(new Error('the connection was closed before the answer'));
      onClosed();
    });
  }

  begin(call: Call): void {
    this.#call = call;
    this.#socket.write(call.text);
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#call?.reject(error);
    this.#call = undefined;
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#receivedBytes += chunk.length;
    try {
      this.#head ??= readHead(this.#received());
    } catch (error) {
      this.#fail(error as Error);
      this.close();
      return;
    }
    if (this.#head !== undefined && this.#receivedBytes >= this.#head.bodyEnd) this.#answer(this.#head);
  }

  #received(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  #answer({ status, batchId, bodyStart, bodyEnd }: AnswerHead): void {
    const call = this.#call;
    const body = this.#received().subarray(bodyStart, bodyEnd);
    this.#call = undefined;
    this.#chunks = [];
    this.#receivedBytes = 0;
    this.#head = undefined;
    this.idleSinceMs = performance.now();
    call?.resolve({ status, batchId, body, sentMs: call.sentMs, answeredMs: clockMs() });
    this.#onIdle();
  }
}

/**
 * @returns nothing while the head is not complete
 * @throws when it does not tell how long the body is
 */
function readHead(received: Buffer): AnswerHead | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without content-length: ${head}`);
  const bodyStart = headEnd + HEAD_END.length;
  return {
    status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
    batchId: /\r\nx-batch-id: *(\S+)/i.exec(head)?.[1] ?? null,
    bodyStart,
    bodyEnd: bodyStart + Number(length),
  };
}
