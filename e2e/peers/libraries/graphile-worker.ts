import { Logger, makeWorkerUtils, run, type WorkerUtils } from 'graphile-worker';
import type { JobData, Library } from '../library.ts';

const TASK = 'bench';

/** Each job would be a line. */
const logger = new Logger(() => () => undefined);

/**
 * graphile-worker with the settings of its own page on performance: 24 jobs at once, a local queue of 500, and
 * completions in batches without a delay.
 *
 * It has no dependencies: a chain is passed on by its handlers, and nothing waits for many.
 */
export const library: Library = {
  async openProducer({ postgresUrl }) {
    const utils = await openUtils(postgresUrl);
    return {
      addTasks: (tasks) => utils.addJobs(tasks.map((task) => ({ identifier: TASK, payload: { task } }))),
      addChain: ([task, ...rest]) => utils.addJob(TASK, { task, rest }),
    };
  },

  async openWorker({ postgresUrl }, ran) {
    await run({
      preset: {
        worker: {
          connectionString: postgresUrl,
          concurrentJobs: 24,
          maxPoolSize: 25,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          logger,
        },
      },
      noHandleSignals: true,
      taskList: {
        [TASK]: async (payload, { addJob }) => {
          const data = payload as JobData;
          ran(data.task);
          const [task, ...rest] = data.rest ?? [];
          if (task !== undefined) await addJob(TASK, { task, rest });
        },
      },
    });
    const utils = await openUtils(postgresUrl);
    return {
      // A job that has ended is deleted.
      countOpen: () =>
        utils.withPgClient(async (client) => {
          const { rows } = await client.query('SELECT count(*)::int AS open FROM graphile_worker.jobs');
          return (rows as [{ open: number }])[0].open;
        }),
    };
  },
};

const openUtils = (connectionString: string): Promise<WorkerUtils> =>
  makeWorkerUtils({ preset: { worker: { connectionString, logger } } });
