import { type BackendFactory, type FlowJob, type IQueueBackend, withBackend } from 'bullmq';
import type { Place } from '../../bench/peers/commands.ts';
import type { Fan, JobData, Library } from '../library.ts';

const QUEUE = 'bench';

/** All states but "completed". */
const OPEN = ['active', 'delayed', 'failed', 'prioritized', 'waiting', 'waiting-children'] as const;

interface Setup<Backend extends IQueueBackend, Connection> {
  readonly backend: BackendFactory<Backend, Connection>;
  readonly connect: (place: Place) => Connection;
  /** Makes the tables, where there are any. */
  readonly prepare?: (place: Place) => Promise<void>;
  readonly concurrency: number;
}

interface BullmqData extends JobData {
  /** To be added when this task has run. */
  readonly fan?: Fan;
}

/** Jobs are removed when they have succeeded, as its guide for production has it. */
const opts = { removeOnComplete: true };

const aJob = (task: string) => ({ name: QUEUE, data: { task }, opts });

/** A job of a flow, with those that it waits for. */
const flowJob = (task: string, children: FlowJob[] = []): FlowJob => ({
  ...aJob(task),
  queueName: QUEUE,
  ...(children.length > 0 && { children }),
});

/**
 * BullMQ: jobs are added in bulk, and a worker runs several at once.
 *
 * A chain is a flow, declared at once; its first task is the innermost child. A flow is a tree, in which a job has one
 * parent, so 1 → 1,000 → 1 can't be declared. The handler of the first task adds the rest, a parent with 1,000
 * children, as its maintainers advise; that is not one step with the end of the first task.
 */
export function onBullmq<Backend extends IQueueBackend, Connection>({
  backend,
  connect,
  prepare,
  concurrency,
}: Setup<Backend, Connection>): Library {
  const { FlowProducer, Queue, Worker } = withBackend(backend);
  return {
    async openProducer(place) {
      const connection = connect(place);
      const queue = new Queue(QUEUE, { connection });
      const flows = new FlowProducer({ connection });
      await Promise.all([queue.waitUntilReady(), flows.waitUntilReady()]);
      return {
        addTasks: (tasks) => queue.addBulk(tasks.map(aJob)),
        addChain: ([first, ...rest]) =>
          flows.add(rest.reduce((child, task) => flowJob(task, [child]), flowJob(first!))),
        addFan: (fan) => queue.add(QUEUE, { task: fan.first, fan }, opts),
      };
    },

    async openWorker(place, ran) {
      await prepare?.(place);
      const connection = connect(place);
      const queue = new Queue(QUEUE, { connection });
      const flows = new FlowProducer({ connection });
      const worker = new Worker<BullmqData>(
        QUEUE,
        async ({ data }) => {
          ran(data.task);
          if (data.fan === undefined) return;
          const { middle, last } = data.fan;
          await flows.add(
            flowJob(
              last,
              middle.map((task) => flowJob(task)),
            ),
          );
        },
        { connection, concurrency },
      );
      worker.on('error', (error) => {
        throw error;
      });
      await Promise.all([queue.waitUntilReady(), flows.waitUntilReady(), worker.waitUntilReady()]);
      return {
        countOpen: async () => {
          const counts = await queue.getJobCounts(...OPEN);
          return OPEN.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
        },
      };
    },
  };
}
