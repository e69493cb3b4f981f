import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt } from './history.ts';

const ANSWER_LIMIT_MS = 10_000;
const PAUSE_MS = 150;
const MAX_RETRY_AFTER_MS = 2000;

interface Request {
  readonly what: Attempt['what'];
  readonly subject: string;
  /** Of the task that it reports on. */
  readonly attempt?: number;
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers besides 2xx that may come; whether they may in this case is judged in the end. */
  readonly mayBe?: readonly number[];
}

/** Clients as they should be: each asks another API process when one does not answer, and writes down what came. */
export class Clients {
  readonly attempts: Attempt[] = [];
  /** Answers that no fault excuses. */
  readonly wrong: string[] = [];
  readonly #apiUrls: () => readonly string[];
  #turn = 0;

  /** @param apiUrls the addresses of the API, as of now */
  constructor(apiUrls: () => readonly string[]) {
    this.#apiUrls = apiUrls;
  }

  /** Sends a request until it is answered 2xx. What must not be made twice is to be sent by `once`. */
  async untilDone(request: Request, signal: AbortSignal): Promise<Response | null> {
    while (!signal.aborted) {
      const response = await this.#send(request);
      if (response?.ok || request.mayBe?.includes(response?.status ?? 0)) return response;
      if (response !== null && response.status < 500 && response.status !== 429) {
        this.wrong.push(
          `${request.method} ${request.path} was answered ${response.status}: ${await response.text()}`,
        );
        return null;
      }
      const retryAfterMs = Number(response?.headers.get('retry-after') ?? 0) * 1000;
      await delay(Math.min(MAX_RETRY_AFTER_MS, Math.max(PAUSE_MS, retryAfterMs)));
    }
    return null;
  }

  /** Sends a request once, whatever comes of it. */
  async once(request: Request): Promise<void> {
    await this.#send(request);
  }

  async #send({ what, subject, attempt, method, path, body, headers }: Request): Promise<Response | null> {
    const urls = this.#apiUrls();
    const url = urls[this.#turn++ % urls.length]!;
    const sentMs = performance.now();
    let response: Response | null = null;
    let isRetried = false;
    try {
      response = await fetch(url + path, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      });
      // Only a whole answer is one.
      const text = await response.text();
      isRetried = what === 'end' && text.includes('"status":"Pending"');
      response = new Response(text || null, response);
    } catch {
      response = null;
    }
    const status = response?.status ?? null;
    this.attempts.push({
      ...{ what, subject, sentMs, status, isRetried, doneMs: performance.now() },
      ...(attempt !== undefined && { attempt }),
    });
    if (status === 500) this.wrong.push(`${method} ${path} was answered 500`);
    return response;
  }
}
