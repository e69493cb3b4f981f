import { type ConstructorOptions, PgBoss } from 'pg-boss';
import type { JobData, Library } from '../library.ts';

const QUEUE = 'bench';

/**
 * pg-boss: jobs are inserted in bulk, fetched and completed in batches of up to 500 by two workers in turn, and a LISTEN
 * connection wakes them, so that nothing waits for a poll where pg-boss can tell.
 *
 * A chain is passed on by its handlers: a dependency declared by `flow()` is looked at once a second at the most
 * (`flowIntervalSeconds`), so 50 links would take most of a minute. A fan needs `flow()`, with that interval at its
 * smallest; the worker is woken by the event that pg-boss gives when a look released something.
 */
export const library: Library = {
  async openProducer({ postgresUrl }) {
    const boss = await start(postgresUrl, { supervise: false });
    return {
      addTasks: (tasks) =>
        boss.insert(
          QUEUE,
          tasks.map((task) => ({ data: { task } })),
        ),
      addChain: ([task, ...rest]) => boss.send(QUEUE, { task, rest }),
      addFan: ({ first, middle, last }) => {
        const job = (task: string, dependsOn: readonly string[]) => ({
          ref: task,
          name: QUEUE,
          data: { task },
          dependsOn: [...dependsOn],
        });
        return boss.flow([job(first, []), ...middle.map((task) => job(task, [first])), job(last, middle)]);
      },
    };
  },

  async openWorker({ postgresUrl }, ran) {
    const boss = await start(postgresUrl, { useListenNotify: true, flowIntervalSeconds: 1 });
    await boss.createQueue(QUEUE, { notify: true });
    const worker = await boss.work<JobData>(
      QUEUE,
      {
        batchSize: 500,
        localConcurrency: 2,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        notifyPollingIntervalSeconds: 0.5,
      },
      async (jobs) => {
        for (const { data } of jobs) {
          ran(data.task);
          const [task, ...rest] = data.rest ?? [];
          if (task !== undefined) await boss.send(QUEUE, { task, rest });
        }
      },
    );
    boss.on('flow', () => boss.notifyWorker(worker));
    const open = `SELECT count(*)::int AS open FROM pgboss.job WHERE name = '${QUEUE}' AND state <> 'completed'`;
    return {
      countOpen: async () => (await boss.getDb().executeSql(open)).rows[0].open as number,
    };
  },
};

/** Without the clock of cron, which nothing here needs. */
async function start(connectionString: string, options: Partial<ConstructorOptions>): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString, schedule: false, ...options });
  boss.on('error', (error) => {
    throw error;
  });
  return boss.start();
}
