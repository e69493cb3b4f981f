import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Handle, handle } from '@arcrun/client';

/** A webhook call as it arrived. */
interface ReceivedCall {
  readonly atMs: number;
  readonly trigger: string;
  readonly taskId: string | undefined;
  readonly batchId: string | undefined;
  /** Fencing number of an on_start. */
  readonly claim: number | undefined;
  readonly method: string;
  /** As in the request line, with the handle. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The text as it came. */
  readonly body: string;
  /** The task's callback. */
  readonly handle: Handle;
  readonly handleUrl: string | null;
}

type Reply =
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks off without an answer. */
  | 'reset';

type Behaviour = (call: ReceivedCall) => Promise<Reply | void> | Reply | void;

/** A real HTTP server that plays the outside world: it records every call and answers as the test says. */
export interface Receiver {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
  /** What it does with a call; nothing returned is 200. Errors thrown are collected in `errors`. */
  behave(behaviour: Behaviour): void;
  /** The calls about a task or batch, by trigger. */
  callsOf(subjectId: string, trigger?: string): ReceivedCall[];
  readonly errors: readonly unknown[];
  forget(): void;
  close(): Promise<void>;
}

/** @param host `0.0.0.0` for one that has many origins: 127.0.0.1, 127.0.0.2 and so on, at the port of its `url` */
export async function startReceiver(host = '127.0.0.1'): Promise<Receiver> {
  let behaviour: Behaviour = () => undefined;
  const calls: ReceivedCall[] = [];
  const errors: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = toCall(
        request.method!,
        request.url!,
        request.headers,
        Buffer.concat(chunks).toString('utf8'),
      );
      calls.push(call);
      void (async () => {
        let reply: Reply = { status: 200 };
        try {
          reply = (await behaviour(call)) ?? reply;
        } catch (error) {
          errors.push(error);
          reply = { status: 500 };
        }
        if (reply === 'reset') {
          request.socket.destroy();
          return;
        }
        response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
        response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
      })();
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    calls,
    errors,
    behave: (next) => {
      behaviour = next;
    },
    callsOf: (subjectId, trigger) =>
      calls.filter(
        (call) =>
          (call.taskId === subjectId || call.batchId === subjectId) &&
          (trigger === undefined || call.trigger === trigger),
      ),
    forget: () => {
      calls.length = 0;
      errors.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toCall(method: string, target: string, headers: IncomingHttpHeaders, body: string): ReceivedCall {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const handleUrl = new URL(target, 'http://receiver').searchParams.getAll('handle').at(-1) ?? null;
  const claim = one('x-task-claim');
  return {
    atMs: performance.now(),
    trigger: one('x-task-trigger') ?? '',
    taskId: one('x-task-id'),
    batchId: one('x-batch-id'),
    claim: claim === undefined ? undefined : Number(claim),
    method,
    target,
    headers,
    body,
    handleUrl,
    handle: handle(handleUrl ?? 'http://no-handle.invalid'),
  };
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver does not listen');
  return address.port;
}
