import type { Bell } from '@arcrun/contracts';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { KEPT_JOBS, KEY_PREFIX, type QueueName } from './queues.ts';
import { detached, type QueueTelemetry } from './telemetry.ts';

// A worker that was killed is noticed after this: the round it was in is taken up by another.
const LOCK_MS = 10_000;
const STALLED_INTERVAL_MS = 5000;
const CLOSE_LIMIT_MS = 2000;

/** What a round leaves behind. */
export interface Round {
  /** There may be more that it could not take because this worker is full: it listens again when it has room. */
  readonly isFull?: boolean;
  /** There is more: a full worker looks for it as soon as it has room, without a bell. */
  readonly hasMore?: boolean;
}

export interface ProcessorOptions {
  readonly queue: QueueName;
  readonly redis: Redis;
  /** One round: reads from Postgres what there is to do and does it. When it fails the bell is gone. */
  readonly process: (bell: Bell) => Promise<Round | void>;
  /** Something is wrong with the queue. */
  readonly onError: (queue: QueueName, error: Error) => void;
  /** A round has failed. */
  readonly onFailed: (queue: QueueName, error: Error, bell?: Bell) => void;
  /** A job of a worker that is gone was taken up again. */
  readonly onStalled: (queue: QueueName) => void;
  /** Records rounds in the traces of those who rang for them. */
  readonly telemetry?: QueueTelemetry | undefined;
}

/** Of a round that nobody rang for. */
const NO_BELL: Bell = {};

/** The one wrapper around what consumes a queue. */
export interface Processor {
  /** Listens again after a round that left the worker full; if that left more behind, a round comes first. */
  listen(): void;
  /** A round without a bell, for work that this worker left and can take now. */
  run(): void;
  /** Stops listening at once, and resolves when what is under way has ended. */
  close(): Promise<void>;
}

/** Starts to consume a queue, one job at a time: a job is one round over whatever is due. */
export function startProcessor(options: ProcessorOptions): Processor {
  const { queue, redis, process, onError, onFailed, onStalled, telemetry } = options;
  let isStopping = false;
  let last: Promise<void> = Promise.resolve();
  let isRunAsked = false;
  let hasMore = false;
  const round = async (bell: Bell): Promise<void> => {
    const left = await process(bell);
    hasMore = left?.hasMore === true;
    // A worker that cannot take more does not listen, so that the next bell goes to one that can.
    if (left?.isFull === true) await worker.pause(true);
    else resume();
  };
  const resume = (): void => {
    if (!isStopping && worker.isPaused()) detached(telemetry, () => void worker.resume());
  };
  // One round after another: each takes what the one before has left room for.
  const nextRound = (bell: Bell): Promise<void> => {
    const next = last.then(() => round(bell));
    last = next.catch(() => undefined);
    return next;
  };
  const worker: Worker<Bell> = new Worker<Bell>(
    queue,
    ({ data }: Job<Bell | undefined>) => nextRound(data ?? NO_BELL),
    {
      connection: redis,
      prefix: KEY_PREFIX,
      concurrency: 1,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: 100,
      ...KEPT_JOBS,
      ...(telemetry && { telemetry }),
    },
  );
  worker.on('error', (error) => onError(queue, error));
  worker.on('failed', (job, error) => onFailed(queue, error, job?.data));
  worker.on('stalled', () => onStalled(queue));

  const run = (): void => {
    if (isRunAsked || isStopping) return;
    isRunAsked = true;
    detached(telemetry, () => {
      void last.then(() => {
        isRunAsked = false;
        if (isStopping) return;
        nextRound(NO_BELL).catch((error: Error) => {
          onFailed(queue, error);
          resume();
        });
      });
    });
  };

  return {
    listen: () => {
      if (worker.isPaused() && hasMore) run();
      else resume();
    },
    run,
    close: async () => {
      isStopping = true;
      await closeWithin(worker, CLOSE_LIMIT_MS);
      await last;
    },
  };
}

/** Closing waits for Redis, which may be away: after the limit it is forced. */
async function closeWithin(worker: Worker, limitMs: number): Promise<void> {
  const { promise: tooLate, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), limitMs);
  const outcome = await Promise.race([worker.close(), tooLate]);
  clearTimeout(timer);
  if (outcome === 'late')
    await Promise.race([worker.disconnect(), new Promise((end) => setTimeout(end, 200))]);
}
