import {
  Agent as HttpAgent,
  type AgentOptions,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import got, { type OptionsInit } from 'got';
import { requestTarget } from './request-target.ts';

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
}

/** Code of the error that the lookup refuses an address with. */
export const BLOCKED_ADDRESS = 'EBLOCKEDADDRESS';

const ANSWER_MAX_BYTES = 1_048_576;
// A reset of a connection that was idle for too long would cost a task, since on_start is not tried again.
const IDLE_CONNECTION_MS = 4000;

/** Calls webhooks over connections that are kept. It never throws: how a call went is its answer. */
export class WebhookClient {
  readonly #httpAgent: HttpAgent;
  readonly #httpsAgent: HttpsAgent;
  readonly #options: OptionsInit;

  constructor({ timeoutMs, lookup }: WebhookClientSettings) {
    const agentOptions: AgentOptions = {
      keepAlive: true,
      timeout: IDLE_CONNECTION_MS,
      ...(lookup && { lookup }),
    };
    this.#httpAgent = new HttpAgent(agentOptions);
    this.#httpsAgent = new HttpsAgent(agentOptions);
    // Its leanest: no retries, no redirects, no decompression, no parsing.
    this.#options = {
      agent: { http: this.#httpAgent, https: this.#httpsAgent },
      timeout: { request: timeoutMs },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      decompress: false,
      allowGetBody: true,
    };
  }

  call({ url, method, headers, body }: WebhookCall): Promise<WebhookAnswer> {
    // The URL parser would tidy the path up; receivers get it byte for byte.
    const path = requestTarget(url);
    return new Promise((resolve) => {
      let answer: { status: number; retryAfter: string | undefined } | undefined;
      let chunks: Buffer[] | null = [];
      let size = 0;
      const stream = got.stream(url, {
        ...this.#options,
        method: method as 'POST',
        headers: { 'user-agent': 'ArcRun', ...headers },
        ...(body !== null && { body }),
        request: (target, options, callback) =>
          (target.protocol === 'https:' ? httpsRequest : httpRequest)(
            {
              ...(options as RequestOptions),
              protocol: target.protocol,
              hostname: hostOf(target),
              port: target.port,
              path,
            },
            callback,
          ),
      });
      const settle = (error?: Error & { code?: string }): void => {
        if (answer !== undefined) {
          const text = error === undefined && chunks !== null ? Buffer.concat(chunks).toString('utf8') : null;
          resolve({ answered: true, ...answer, body: text });
        } else {
          const reason = error?.message ?? 'the connection was closed without an answer';
          resolve({ answered: false, error: reason, isBlocked: error?.code === BLOCKED_ADDRESS });
        }
        stream.destroy();
      };
      stream.once(
        'response',
        (response: { statusCode: number; headers: Record<string, string | undefined> }) => {
          answer = { status: response.statusCode, retryAfter: response.headers['retry-after'] };
        },
      );
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= ANSWER_MAX_BYTES) {
          chunks?.push(chunk);
        } else {
          chunks = null;
          settle();
        }
      });
      stream.once('end', () => settle());
      stream.once('error', settle);
      stream.once('close', () => settle());
      // Without a body got waits for one to be written; with allowGetBody, for GET too.
      if (body === null) stream.end();
    });
  }

  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }
}

/** An IPv6 address loses its brackets on the way to a socket. */
function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}
