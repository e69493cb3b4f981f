import {
  Agent as HttpAgent,
  type AgentOptions,
  type ClientRequest,
  request as httpRequest,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { ChunkedBytes } from '@arcrun/contracts';
import got, { type Got, type NativeRequestOptions } from 'got';
import { requestTarget } from './request-target.ts';
import type { CallSigner } from './sign-call.ts';

/** One HTTP call, as the user gave it; only its headers have been put together. */
export interface WebhookCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null sends none. */
  readonly body: string | null;
}

export type WebhookAnswer =
  | {
      readonly answered: true;
      readonly status: number;
      /** Null when it was longer than 1 MiB, stalled or broke off: the status line decides alone. */
      readonly body: string | null;
      readonly retryAfter: string | undefined;
    }
  | {
      readonly answered: false;
      readonly error: string;
      /** The address may not be called, now or later. */
      readonly isBlocked: boolean;
    };

export interface WebhookClientSettings {
  readonly timeoutMs: number;
  /** Resolves host names; refuses addresses that may not be called. */
  readonly lookup: LookupFunction | undefined;
  /** Signs each call when it is sent; by default none. */
  readonly sign?: CallSigner;
}

/** Code of the error that the lookup refuses an address with. */
export const BLOCKED_ADDRESS = 'EBLOCKEDADDRESS';

const ANSWER_MAX_BYTES = 1_048_576;
// A reset of a connection that was idle for too long would cost a task, since on_start is not tried again by default.
const IDLE_CONNECTION_MS = 4000;

/**
 * Calls webhooks over connections that are kept. A call that fails does not throw: how it went is its answer.
 *
 * got keeps the time limit and reads the answer. What is sent is put together here: got would copy and check each
 * option of each call several times, tidy the URL up, and write the body apart from the head
 * (docs/decisions/worker-hot-paths.md).
 */
export class WebhookClient {
  readonly #httpAgent: HttpAgent;
  readonly #httpsAgent: HttpsAgent;
  readonly #got: Got;
  readonly #sign: CallSigner;

  constructor({ timeoutMs, lookup, sign = (call) => call }: WebhookClientSettings) {
    this.#sign = sign;
    const agentOptions: AgentOptions = {
      keepAlive: true,
      timeout: IDLE_CONNECTION_MS,
      // As many as calls were open: those that Node would close at its 256 are opened again a moment later.
      maxFreeSockets: Infinity,
      ...(lookup && { lookup }),
    };
    this.#httpAgent = new HttpAgent(agentOptions);
    this.#httpsAgent = new HttpsAgent(agentOptions);
    // Its leanest: no retries, no redirects, no decompression, no parsing. The method is one that may have a body.
    this.#got = got.extend({
      method: 'POST',
      headers: { 'user-agent': 'ArcRun' },
      timeout: { request: timeoutMs },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      decompress: false,
    });
  }

  call(unsigned: WebhookCall): Promise<WebhookAnswer> {
    const call = this.#sign(unsigned);
    // As bytes: Node would write a head that is sent together with text as UTF-8, too.
    const body = call.body === null ? undefined : Buffer.from(call.body);
    return new Promise((resolve) => {
      let answer: { status: number; retryAfter: string | undefined } | undefined;
      let received: ChunkedBytes | null = new ChunkedBytes();
      let isSettled = false;
      const stream = this.#got.stream(call.url, {
        request: (target, options) => this.#open(call, body, target, options),
      });
      const settle = (error?: Error & { code?: string }): void => {
        if (isSettled) return;
        isSettled = true;
        if (answer !== undefined) {
          const text = error === undefined && received !== null ? received.toBuffer().toString('utf8') : null;
          resolve({ answered: true, ...answer, body: text });
        } else {
          const reason = error?.message ?? 'the connection was closed without an answer';
          resolve({ answered: false, error: reason, isBlocked: error?.code === BLOCKED_ADDRESS });
        }
        stream.destroy();
      };
      // Whole and at once, so that it leaves in one packet with the head.
      stream.once('request', (request: ClientRequest) => request.end(body));
      stream.once(
        'response',
        (response: { statusCode: number; headers: Record<string, string | undefined> }) => {
          answer = { status: response.statusCode, retryAfter: response.headers['retry-after'] };
        },
      );
      stream.on('data', (chunk: Buffer<ArrayBuffer>) => {
        received?.add(chunk);
        if (received === null || received.size <= ANSWER_MAX_BYTES) return;
        received = null;
        settle();
      });
      stream.once('end', () => settle());
      stream.once('error', settle);
      stream.once('close', () => settle());
    });
  }

  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  /** @param options got's: of them only the headers are of use, among them the one for a user and password in the URL */
  #open(
    { url, method, headers }: WebhookCall,
    body: Buffer | undefined,
    target: URL,
    options: NativeRequestOptions,
  ): ClientRequest {
    const isSecure = target.protocol === 'https:';
    return (isSecure ? httpsRequest : httpRequest)({
      agent: isSecure ? this.#httpsAgent : this.#httpAgent,
      method,
      hostname: hostOf(target),
      port: target.port,
      // The URL parser would tidy the path up; receivers get it byte for byte.
      path: requestTarget(url),
      headers: {
        ...(options.headers as OutgoingHttpHeaders),
        ...headers,
        ...(body && { 'content-length': body.length }),
      },
    });
  }
}

/** An IPv6 address loses its brackets on the way to a socket. */
function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}
