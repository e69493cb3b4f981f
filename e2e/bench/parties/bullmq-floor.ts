// The floor of BullMQ: jobs that do nothing, added one by one and worked off in one process.
import { Queue, Worker } from 'bullmq';
import { clockMs } from '../measure/clock.ts';
import { serveCommands } from './serve-commands.ts';

interface Jobs {
  readonly redisUrl: string;
  readonly count: number;
  /** How many are being added, and how many are being worked on, at once. */
  readonly concurrency: number;
}

const commands = {
  /** @returns how long it took from the first add to the end of the last job */
  async run({ redisUrl, count, concurrency }: Jobs): Promise<number> {
    const connection = { url: redisUrl };
    const queue = new Queue('floor', { connection });
    const done = Promise.withResolvers<void>();
    let ended = 0;
    const worker = new Worker(
      'floor',
      async () => {
        if (++ended === count) done.resolve();
      },
      { connection, concurrency, removeOnComplete: { count: 0 } },
    );
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    const beganMs = clockMs();
    let added = 0;
    const addInTurn = async (): Promise<void> => {
      while (added++ < count) await queue.add('nothing', {});
    };
    await Promise.all([...Array.from({ length: concurrency }, addInTurn), done.promise]);
    const elapsedMs = clockMs() - beganMs;
    await worker.close();
    await queue.close();
    return elapsedMs;
  },
};

export type BullmqCommands = typeof commands;

serveCommands(commands);
