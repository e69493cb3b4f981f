// The load generator, a process of its own: sends requests to the API and tells when each was answered.
import { setTimeout as delay } from 'node:timers/promises';
import { clockMs } from '../measure/clock.ts';
import { KeepAliveClient, type HttpAnswer, type HttpRequest } from './keep-alive-client.ts';
import { serveCommands } from './serve-commands.ts';
import { type Flooded, Tally } from './tally.ts';

const MAX_CONNECTIONS = 64;
/** Whoever was cut off waits that long: a server that is away is not to be flooded. */
const PAUSE_MS = 20;

const client = new KeepAliveClient(MAX_CONNECTIONS);

/** What is told of an answer. */
export type Answer = Omit<HttpAnswer, 'body'> & { readonly body: string };

interface Load {
  readonly requests: readonly HttpRequest[];
  /** How many are under way at once, at most. */
  readonly concurrency: number;
  /** Whether the bodies of the answers are of use. */
  readonly keepBodies: boolean;
}

interface Flood {
  /** Sent in turn, over and over. */
  readonly requests: readonly HttpRequest[];
  /** How many are sent in all. */
  readonly count: number;
  /** How many are under way at all times. */
  readonly concurrency: number;
}

interface SteadyLoad {
  /** Sent in turn, over and over. */
  readonly requests: readonly HttpRequest[];
  readonly perSecond: number;
  /** How long, unless it is told to stop before. */
  readonly durationMs: number;
}

interface SingleRequests {
  /** Each is sent once, in this order. */
  readonly requests: readonly HttpRequest[];
  readonly perSecond: number;
}

/** What came of one request. */
export interface TimedAnswer {
  /** "error" where the connection broke. */
  readonly status: number | 'error';
  /** From the time at which the request was due. */
  readonly latencyMs: number;
  readonly bodyBytes: number;
}

/** @returns nothing when the connection broke */
const sendAnyway = (request: HttpRequest): Promise<HttpAnswer | undefined> =>
  client.send(request).catch(() => undefined);

let stopping = new AbortController();

const commands = {
  /** Sends all requests, in order; gives their answers in the same order. */
  async send({ requests, concurrency, keepBodies }: Load): Promise<Answer[]> {
    const answers: Answer[] = [];
    const turns = requests.entries();
    const sendInTurn = async (): Promise<void> => {
      for (const [index, request] of turns) {
        const answer = await client.send(request);
        const isOfUse = keepBodies || answer.status >= 400;
        answers[index] = { ...answer, body: isOfUse ? answer.body.toString('utf8') : '' };
      }
    };
    await Promise.all(Array.from({ length: concurrency }, sendInTurn));
    return answers;
  },

  /** Keeps the same number of requests under way until all are answered. Latencies count from the sending. */
  async flood({ requests, count, concurrency }: Flood): Promise<Flooded> {
    const tally = new Tally();
    let sent = 0;
    const sendInTurn = async (): Promise<void> => {
      while (sent < count) {
        const sentMs = clockMs();
        const answer = await sendAnyway(requests[sent++ % requests.length]!);
        tally.count(answer, sentMs);
        if (answer === undefined) await delay(PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, sendInTurn));
    return tally.sum();
  },

  /**
   * Sends at a fixed rate, however long the answers take. Latencies count from the time at which a request was due,
   * so that one slow answer does not hide what others would have waited.
   */
  async sendAtRate({ requests, perSecond, durationMs }: SteadyLoad): Promise<Flooded> {
    stopping = new AbortController();
    const tally = new Tally();
    const beganMs = clockMs();
    const sending: Promise<void>[] = [];
    const sendOne = async (request: HttpRequest, dueMs: number): Promise<void> => {
      tally.count(await sendAnyway(request), dueMs);
    };
    while (!stopping.signal.aborted) {
      const afterMs = (sending.length * 1000) / perSecond;
      if (afterMs >= durationMs) break;
      const dueMs = beganMs + afterMs;
      const waitMs = dueMs - clockMs();
      if (waitMs > 0) await delay(waitMs);
      sending.push(sendOne(requests[sending.length % requests.length]!, dueMs));
    }
    await Promise.all(sending);
    return tally.sum();
  },

  /** Sends at a fixed rate, as `sendAtRate` does, and tells what came of each request, in their order. */
  async sendEachAtRate({ requests, perSecond }: SingleRequests): Promise<TimedAnswer[]> {
    const beganMs = clockMs();
    const sendOne = async (request: HttpRequest, dueMs: number): Promise<TimedAnswer> => {
      const answer = await sendAnyway(request);
      const latencyMs = (answer?.answeredMs ?? clockMs()) - dueMs;
      return { status: answer?.status ?? 'error', latencyMs, bodyBytes: answer?.body.length ?? 0 };
    };
    const sending: Promise<TimedAnswer>[] = [];
    for (const request of requests) {
      const dueMs = beganMs + (sending.length * 1000) / perSecond;
      const waitMs = dueMs - clockMs();
      if (waitMs > 0) await delay(waitMs);
      sending.push(sendOne(request, dueMs));
    }
    return Promise.all(sending);
  },

  /** Ends what is sent at a fixed rate; what is under way is still waited for. */
  stopSending: (): void => {
    stopping.abort();
  },
};

export type GeneratorCommands = typeof commands;

serveCommands(commands);
