import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { BoundedMap } from './bounded-map.ts';
import { preciseNowMs } from './records.ts';
import type { CallRecord, NotificationRecord } from './records.ts';
import { createReportSender } from './report-sender.ts';
import { doWork, readWorkOrder } from './work.ts';

export interface ReceiverOptions {
  /** For the handle, when the API asks for one. */
  token?: string | undefined;
  /** Tasks and notifications to remember, each; default 200,000. */
  recordLimit?: number | undefined;
}

export interface Receiver {
  server: Server;
  close(): Promise<void>;
}

const DEFAULT_RECORD_LIMIT = 200_000;
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_KEPT_BODY_BYTES = 4 * 1024;
const MAX_KEPT_STARTS = 32;
/** Longer than callers keep an idle connection, so that they close it and not we. */
const KEEP_ALIVE_MS = 65_000;

interface Incoming {
  request: IncomingMessage;
  path: string;
  query: URLSearchParams;
  body: Buffer;
}

/**
 * The sample receiver: does the "work" of tasks by letting time pass, and remembers when it was called.
 *
 * - `POST /work?handle=…&run=…` with a work order: 202 at once, the end is reported on the handle later
 * - `/notify?run=…`: notes a notification, 204
 * - `GET /calls?run=…`, `GET /notifications?run=…`: what was noted; `DELETE /calls` forgets all of it
 * - `GET /health`
 */
export function createReceiver(options: ReceiverOptions = {}): Receiver {
  const limit = options.recordLimit ?? DEFAULT_RECORD_LIMIT;
  const calls = new BoundedMap<string, CallRecord>(limit);
  /** Idempotency keys whose work was begun: a second call with one of them is the same work. */
  const begun = new BoundedMap<string, true>(limit);
  const notifications = new BoundedMap<number, NotificationRecord>(limit);
  let notificationCount = 0;
  const sender = createReportSender(options.token);

  function work({ request, query, body }: Incoming, response: ServerResponse): void {
    const atMs = preciseNowMs();
    const handle = query.get('handle');
    const order = readWorkOrder(parseJson(body));
    if (handle === null || !URL.canParse(handle)) {
      answerJson(response, 400, { error: 'the query parameter handle must be a URL' });
      return;
    }
    if (typeof order === 'string') {
      answerJson(response, 400, { error: order });
      return;
    }
    answerEmpty(response, 202);
    const taskId = header(request, 'x-task-id') ?? handle;
    let record = calls.get(taskId);
    if (record === undefined) {
      record = { task_id: taskId, run: query.get('run'), local_id: order.local_id, starts: [], end: null };
      calls.add(taskId, record);
    }
    if (record.starts.length < MAX_KEPT_STARTS) {
      record.starts.push({ at_ms: atMs, claim: header(request, 'x-task-claim') });
    }
    const key = header(request, 'idempotency-key') ?? taskId;
    if (begun.get(key)) return;
    begun.add(key, true);
    void doWork(order, handle, record, sender);
  }

  function notify({ request, query, body }: Incoming, response: ServerResponse): void {
    notifications.add(notificationCount, {
      at_ms: preciseNowMs(),
      run: query.get('run'),
      trigger: header(request, 'x-task-trigger'),
      task_id: header(request, 'x-task-id'),
      batch_id: header(request, 'x-batch-id'),
      idempotency_key: header(request, 'idempotency-key'),
      body: body.length <= MAX_KEPT_BODY_BYTES ? (parseJson(body) ?? null) : null,
    });
    notificationCount += 1;
    answerEmpty(response, 204);
  }

  function route(incoming: Incoming, response: ServerResponse): void {
    const { request, path, query } = incoming;
    if (path === '/notify') {
      notify(incoming, response);
      return;
    }
    switch (`${request.method} ${path}`) {
      case 'POST /work':
        work(incoming, response);
        break;
      case 'GET /calls':
        streamJson(response, ofRun(calls.values(), query.get('run')));
        break;
      case 'GET /notifications':
        streamJson(response, ofRun(notifications.values(), query.get('run')));
        break;
      case 'DELETE /calls':
        calls.clear();
        begun.clear();
        notifications.clear();
        answerEmpty(response, 204);
        break;
      case 'GET /health':
        answerJson(response, 200, { status: 'ok' });
        break;
      default:
        answerJson(response, 404, { error: `there is nothing at ${request.method} ${path}` });
    }
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    readRequest(request, response, route);
  });
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          sender.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function readRequest(
  request: IncomingMessage,
  response: ServerResponse,
  route: (incoming: Incoming, response: ServerResponse) => void,
): void {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark));
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('error', () => {});
  request.on('end', () => {
    if (bytes > MAX_BODY_BYTES)
      answerJson(response, 413, { error: `the body is over ${MAX_BODY_BYTES} bytes` });
    else route({ request, path, query, body: Buffer.concat(chunks) }, response);
  });
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

/** Undefined when the body is empty or no JSON. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function answerEmpty(response: ServerResponse, status: 202 | 204): void {
  response.writeHead(status, status === 204 ? {} : { 'content-length': 0 });
  response.end();
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function* ofRun<T extends { run: string | null }>(records: Iterable<T>, run: string | null): Generator<T> {
  for (const record of records) if (run === null || record.run === run) yield record;
}

/** In pieces, so that a long list neither fills the memory nor holds up the calls. */
function streamJson(response: ServerResponse, records: Iterable<object>): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  Readable.from(jsonArray(records)).pipe(response);
}

const RECORDS_PER_PIECE = 500;

function* jsonArray(records: Iterable<object>): Generator<string> {
  let piece = '[';
  let count = 0;
  for (const record of records) {
    piece += `${count === 0 ? '' : ','}${JSON.stringify(record)}`;
    count += 1;
    if (count % RECORDS_PER_PIECE === 0) {
      yield piece;
      piece = '';
    }
  }
  yield `${piece}]`;
}
