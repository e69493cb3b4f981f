// The load generator, a process of its own: sends requests to the API and tells when each was answered.
import { clockMs } from '../measure/clock.ts';
import { percentile } from '../measure/distribution.ts';
import { KeepAliveClient, type HttpAnswer, type HttpRequest } from './keep-alive-client.ts';
import { serveCommands } from './serve-commands.ts';

const MAX_CONNECTIONS = 64;

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

/** What came of a flood. */
export interface Flooded {
  readonly elapsedMs: number;
  /** How often each status was answered; "error" where a connection broke. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

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

  /** Keeps the same number of requests under way until all are answered. */
  async flood({ requests, count, concurrency }: Flood): Promise<Flooded> {
    const latencies: number[] = [];
    const statuses: Record<string, number> = {};
    let sent = 0;
    const sendInTurn = async (): Promise<void> => {
      while (sent < count) {
        const answer = await client.send(requests[sent++ % requests.length]!).catch(() => undefined);
        const status = answer?.status ?? 'error';
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (answer !== undefined) latencies.push(answer.answeredMs - answer.sentMs);
      }
    };
    const beganMs = clockMs();
    await Promise.all(Array.from({ length: concurrency }, sendInTurn));
    return {
      elapsedMs: clockMs() - beganMs,
      statuses,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: percentile(latencies, 1),
    };
  },
};

export type GeneratorCommands = typeof commands;

serveCommands(commands);
