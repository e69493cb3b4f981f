/** Something that at least one of the systems does, and what each of them does of it. */
interface Ability {
  readonly what: string;
  readonly arcrun: string;
  readonly pgBoss: string;
  readonly graphileWorker: string;
  readonly bullmq: string;
}

/** What the figures don't show. Each cell is short enough for a terminal. */
const ABILITIES: readonly Ability[] = [
  {
    what: 'work is called over HTTP, any language',
    arcrun: 'yes',
    pgBoss: 'no, handlers in Node',
    graphileWorker: 'no, handlers in Node',
    bullmq: 'no, handlers in its library',
  },
  {
    what: 'ends are told over HTTP, with retries',
    arcrun: 'yes',
    pgBoss: 'no',
    graphileWorker: 'no',
    bullmq: 'no',
  },
  {
    what: 'dependencies',
    arcrun: 'any DAG',
    pgBoss: 'any DAG, looked at once a second',
    graphileWorker: 'none',
    bullmq: 'trees: one parent a job',
  },
  {
    what: 'a failure fails what needed it',
    arcrun: 'yes',
    pgBoss: 'no, that waits on',
    graphileWorker: '-',
    bullmq: 'on request',
  },
  {
    what: 'concurrency by the data of a task',
    arcrun: 'rules over any fields',
    pgBoss: 'one group a job',
    graphileWorker: 'one a queue name',
    bullmq: 'no; groups in its paid Pro',
  },
  {
    what: 'tasks when Redis is lost or flushed',
    arcrun: 'kept',
    pgBoss: 'kept, has no Redis',
    graphileWorker: 'kept, has no Redis',
    bullmq: 'lost; kept on Postgres',
  },
  {
    what: 'tasks added in your own transaction',
    arcrun: 'no',
    pgBoss: 'yes',
    graphileWorker: 'yes',
    bullmq: 'no',
  },
  {
    what: 'failed tasks are tried again',
    arcrun: 'not yet',
    pgBoss: 'yes',
    graphileWorker: 'yes',
    bullmq: 'yes',
  },
  {
    what: 'delays and cron',
    arcrun: 'no',
    pgBoss: 'yes',
    graphileWorker: 'yes',
    bullmq: 'yes',
  },
];

/** The header and the rows. */
export const ABILITIES_TABLE: readonly (readonly string[])[] = [
  ['', 'ArcRun', 'pg-boss', 'graphile-worker', 'BullMQ'],
  ...ABILITIES.map(({ what, arcrun, pgBoss, graphileWorker, bullmq }) => [
    what,
    arcrun,
    pgBoss,
    graphileWorker,
    bullmq,
  ]),
];
