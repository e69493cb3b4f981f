import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import { boundLabel } from './bounded-labels.ts';
import { collectProcessMetrics } from './process-metrics.ts';

const KINDS_MAX = 200;
/** Of what answers somebody: from 1 ms to a minute. */
const FAST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Of what waits or works: from 1 ms to a day. */
const LONG_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
const SIZES = [0, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** What is told of a pool of connections. */
interface WatchedPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** All metrics of a process. What the API does is counted there, what workers do at the workers. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames, registers });
  /** A counter whose values are all known: each is there from the start, so that the first increase is seen. */
  const counterOf = <L extends string>(name: string, help: string, label: L, values: readonly string[]) => {
    const counted = new Counter({ name, help, labelNames: [label], registers });
    for (const value of values) counted.inc({ [label]: value } as Record<L, string>, 0);
    return counted;
  };
  const fleetGauges: { forget(): void }[] = [];
  const fleetGauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => {
    const gauge = new Gauge({ name, help, labelNames, registers });
    const forget = () => {
      gauge.reset();
      // Without labels there is a value from the start, and after a reset.
      if (labelNames.length === 0) gauge.remove();
    };
    forget();
    fleetGauges.push({ forget });
    return gauge;
  };
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ) => new Histogram({ name, help, buckets, labelNames, registers });
  collectProcessMetrics(registry);

  const dbQueryDuration = histogram('db_query_duration_seconds', 'Time of a statement', FAST_SECONDS, [
    'query',
  ]);
  const slowQueries = counter('slow_queries_total', 'Statements over SLOW_QUERY_THRESHOLD_MS', ['query']);

  let watched: WatchedPool | undefined;
  return {
    registry,
    /** The value of a `kind` label. */
    kindLabel: boundLabel(KINDS_MAX),

    tasksCreated: counter('tasks_created_total', 'Tasks created'),
    tasksWithDependencies: counter('tasks_with_dependencies_total', 'Tasks created with dependencies'),
    tasksDeduped: counter('tasks_deduped_total', 'Tasks skipped by their dedupe strategy'),
    batchInsertTasks: histogram('batch_insert_tasks', 'Tasks of a created batch', SIZES),
    tasksDbSaveFailures: counter('tasks_db_save_failures_total', 'Batches that could not be written'),
    tasksCompleted: counter(
      'tasks_completed_total',
      'Tasks that ended in Success or Failure by themselves; those that a required parent failed are apart',
      ['outcome', 'kind'],
    ),
    tasksCancelled: counter('tasks_cancelled_total', 'Tasks canceled'),
    taskRetries: counter('task_retries_total', 'Attempts that failed and were followed by another one', [
      'kind',
      'cause',
    ]),
    tasksTimedOut: counter('tasks_timed_out_total', 'Tasks failed for want of a sign of life'),
    taskStatusTransitions: counter('task_status_transitions_total', 'Changes of status', [
      'from_status',
      'to_status',
    ]),
    dependencyPropagations: counter(
      'dependency_propagations_total',
      'Ends, reported or found out one by one, whose effects were propagated',
      ['parent_outcome'],
    ),
    tasksUnblocked: counter('tasks_unblocked_total', 'Tasks whose last parent ended'),
    tasksFailedByDependency: counter('tasks_failed_by_dependency_total', 'Tasks failed by a required parent'),
    tasksBlockedByConcurrency: counter(
      'tasks_blocked_by_concurrency_total',
      'Groups of tasks found blocked by their rules in a claim round',
    ),
    tasksArchived: counter('tasks_archived_total', 'Tasks moved to the archive'),
    batchesCompleted: counter('batches_completed_total', 'Batches whose last task ended'),
    batchUpdateEvents: counter('batch_update_events_total', 'Counter updates committed'),
    batchUpdateFailures: counter('batch_update_failures_total', 'Counter updates that could not be written'),
    taskDuration: histogram('task_duration_seconds', 'From Running to the end', LONG_SECONDS, [
      'kind',
      'outcome',
    ]),
    taskWait: histogram('task_wait_seconds', 'From Pending to Running', LONG_SECONDS, ['kind']),

    webhookExecutions: counter('webhook_executions_total', 'Webhook calls, by how they ended in the end', [
      'trigger',
      'outcome',
    ]),
    webhookAttempts: counter('webhook_attempts_total', 'Webhook calls made', ['trigger', 'outcome']),
    webhookDuration: histogram('webhook_duration_seconds', 'Time of a webhook call', FAST_SECONDS, [
      'trigger',
    ]),
    webhookIdempotentSkips: counter(
      'webhook_idempotent_skips_total',
      'Calls left out because their claim was given up, and another worker makes them',
      ['trigger'],
    ),
    webhookIdempotentConflicts: counter(
      'webhook_idempotent_conflicts_total',
      'Results of calls whose claim or lease was not theirs any more',
    ),
    webhookDeliverySuccess: counter('webhook_delivery_success_total', 'Notifications delivered'),
    webhookDeliveryRetries: counter(
      'webhook_delivery_retries_total',
      'Notifications put off for another attempt',
    ),
    webhookDeliveryExhausted: counter('webhook_delivery_exhausted_total', 'Notifications given up'),
    webhookDeliveryLag: histogram(
      'webhook_delivery_lag_seconds',
      'From the change to the delivery that tells of it',
      LONG_SECONDS,
    ),

    workerLoopIterations: counter('worker_loop_iterations_total', 'Rounds', ['loop']),
    workerLoopDuration: histogram('worker_loop_duration_seconds', 'Time of a round', FAST_SECONDS, ['loop']),
    tasksProcessedPerLoop: histogram('tasks_processed_per_loop', 'Tasks or notifications of a round', SIZES, [
      'loop',
    ]),
    claimsHandedBack: counter('claims_handed_back_total', 'Claims handed back', ['reason']),

    lostDoorbells: counterOf(
      'lost_doorbells_total',
      'Queues with work due and no job, found by the sweep',
      'queue',
      ['start', 'propagation', 'webhook'],
    ),
    placesMended: counterOf(
      'places_mended_total',
      'Places and lanes that did not agree with the tasks, found by the sweep',
      'what',
      ['drifted', 'lostHeads', 'stuckLanes'],
    ),

    circuitBreakerStateTransitions: counterOf(
      'circuit_breaker_state_transitions_total',
      'Changes of the state of the breaker of the database',
      'to_state',
      ['open', 'half_open', 'closed'],
    ),
    circuitBreakerRejections: counter(
      'circuit_breaker_rejections_total',
      'Calls that an open breaker refused',
    ),
    originBreakerTransitions: counterOf(
      'origin_breaker_transitions_total',
      'Breakers of receiving origins that were opened or closed here',
      'to_state',
      ['open', 'closed'],
    ),
    dbPoolConnections: new Gauge({
      name: 'db_pool_connections',
      help: 'Connections to Postgres, and what waits for one',
      labelNames: ['state'],
      registers,
      collect() {
        this.set({ state: 'total' }, watched?.totalCount ?? 0);
        this.set({ state: 'idle' }, watched?.idleCount ?? 0);
        this.set({ state: 'waiting' }, watched?.waitingCount ?? 0);
      },
    }),
    /** Whose connections are counted at each scrape. */
    watchPool: (pool: WatchedPool): void => {
      watched = pool;
    },

    bodyRefusals: counterOf(
      'body_refusals_total',
      'Request bodies that were refused: too large, encoded, or no room beside other large ones',
      'reason',
      ['too_large', 'encoded', 'no_room'],
    ),

    requestsShed: counter(
      'requests_shed_total',
      'Requests that were answered 503 at once, since OPEN_REQUESTS_MAX were open',
    ),

    // Of the whole fleet, shown by the one process that takes samples.
    tasksByStatus: fleetGauge('tasks_by_status', 'Tasks that are not archived', ['status']),
    runningTasksByKind: fleetGauge('running_tasks_by_kind', 'Running tasks', ['kind']),
    workersAlive: fleetGauge('workers_alive', 'Workers whose lease has not run out'),
    oldestDue: fleetGauge(
      'queue_oldest_due_seconds',
      'For how long the oldest work of a queue has been due',
      ['queue'],
    ),
    queueJobs: fleetGauge('queue_jobs', 'Jobs in Redis; each is a bell, not a piece of work', [
      'queue',
      'state',
    ]),
    queueStalled: counter('queue_stalled_total', 'Jobs taken over from a worker that was gone', ['queue']),
    webhookDeliveriesPending: fleetGauge(
      'webhook_deliveries_pending',
      'Notifications that are not delivered yet',
    ),
    originBreakersOpen: fleetGauge('origin_breakers_open', 'Receiving origins whose breaker is open'),
    oldestSnapshot: fleetGauge(
      'db_oldest_snapshot_seconds',
      'Age of the oldest transaction that keeps Postgres from cleaning up',
    ),
    /** Leaves the gauges of the fleet to another process. */
    forgetFleet: (): void => {
      for (const gauge of fleetGauges) gauge.forget();
    },
    /** Counts a statement; whether it was slow. */
    observeQuery: (query: string, durationMs: number, slowMs: number): boolean => {
      dbQueryDuration.observe({ query }, durationMs / 1000);
      const isSlow = durationMs > slowMs;
      if (isSlow) slowQueries.inc({ query });
      return isSlow;
    },
  };
}
