import { ArcRunError } from './error.ts';
import { createTransport } from './transport.ts';
import type { TransportOptions } from './transport.ts';
import type { FailureChanges, Progress, TaskChanges } from './types.ts';

/** What a receiver does with the `handle` that came with a call. */
export interface Handle {
  /** The callback URL, as it came. */
  readonly url: string;
  /**
   * Reports the end. Throws ArcRunError with status 409 when the task has ended otherwise, or its attempt has.
   */
  success(changes?: TaskChanges): Promise<void>;
  /** A task with attempts left is tried again, unless it says `{ retryable: false }`. */
  fail(reason: string, changes?: FailureChanges): Promise<void>;
  /** Adds to the counters; keeps the task from timing out. Never repeated after an unknown outcome. */
  progress(added: Progress): Promise<void>;
  /** A sign of life without news: keeps the task from timing out. */
  alive(): Promise<void>;
}

/** Wraps the callback URL of a task, exactly as it came in the query parameter `handle`. */
export function handle(url: string, options: TransportOptions = {}): Handle {
  const send = createTransport(options);
  const patch = async (body: object): Promise<void> => {
    // The second report of the same end changes nothing, counters included.
    await send({ method: 'PATCH', url, body: JSON.stringify(body), repeatable: true });
  };
  return {
    url,
    success: (changes) => patch({ ...changes, status: 'Success' }),
    fail: async (reason, changes) => {
      try {
        await patch({ ...changes, status: 'Failure', failure_reason: reason });
      } catch (error) {
        // It was carried out when its answer was lost: the task has gone on to its next attempt.
        if (!(error instanceof ArcRunError) || !error.isRepeat || !isPast(url, error.body)) throw error;
      }
    },
    progress: async (added) => {
      const body = JSON.stringify(progressBody(added));
      await send({ method: 'PUT', url, body, repeatable: false });
    },
    alive: () => patch({}),
  };
}

/** Whether an answer says that the task is at a later attempt than the handle's. */
function isPast(url: string, body: unknown): boolean {
  const own = Number(new URL(url).searchParams.get('attempt') ?? Infinity);
  const current =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'current_attempt') : undefined;
  return typeof current === 'number' && current > own;
}

export function progressBody(added: Progress): { new_success: number; new_failures: number } {
  return { new_success: added.success ?? 0, new_failures: added.failures ?? 0 };
}

/** A webhook call, as a receiver needs it. */
export interface WebhookCall {
  trigger: 'start' | 'end' | 'cancel' | 'batch_complete';
  /** The same whenever the same call comes again. */
  idempotencyKey: string;
  /** Null for a call of a batch, as are the two that follow. */
  handle: Handle | null;
  taskId: string | null;
  /** Grows with each claim; only with `start`. */
  claim: number | null;
  /** Which attempt of the task it is, or was the last, from 1; null for a call of a batch. */
  attempt: number | null;
  /** Only with `batch_complete`. */
  batchId: string | null;
}

/** What `readCall` looks at: a request of `node:http`, of Express, or of the Fetch API. */
export interface IncomingCall {
  url?: string | undefined;
  headers: Headers | Record<string, string | string[] | undefined>;
}

const TRIGGERS: readonly string[] = ['start', 'end', 'cancel', 'batch_complete'];

/**
 * Reads a webhook call of ArcRun from the request that a receiver got.
 * @param options for the handle; the token when the API asks for one
 * @returns undefined when the request is no such call
 */
export function readCall(request: IncomingCall, options: TransportOptions = {}): WebhookCall | undefined {
  const trigger = headerOf(request.headers, 'x-task-trigger');
  const idempotencyKey = headerOf(request.headers, 'idempotency-key');
  if (trigger === null || idempotencyKey === null || !TRIGGERS.includes(trigger)) return undefined;
  // Ours comes last when the URL had one already.
  const given = new URL(request.url ?? '/', 'http://receiver').searchParams.getAll('handle').at(-1);
  const numberOf = (name: string): number | null => {
    const text = headerOf(request.headers, name);
    return text === null ? null : Number(text);
  };
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of the list
    trigger: trigger as WebhookCall['trigger'],
    idempotencyKey,
    handle: given !== undefined && URL.canParse(given) ? handle(given, options) : null,
    taskId: headerOf(request.headers, 'x-task-id'),
    claim: numberOf('x-task-claim'),
    attempt: numberOf('x-task-attempt'),
    batchId: headerOf(request.headers, 'x-batch-id'),
  };
}

function headerOf(headers: IncomingCall['headers'], name: string): string | null {
  if (headers instanceof Headers) return headers.get(name);
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}
