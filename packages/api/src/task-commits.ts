import {
  addProgress,
  type Database,
  type EndEffects,
  type EndResult,
  endTasks,
  GroupCommit,
  type Progress,
  type TaskEnd,
} from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

const MAX_ENDS = 100;
const MAX_ADDITIONS = 1000;

export interface TaskCommitsOptions {
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly cascadeLimit: number;
}

/** The writes that arrive one by one and are committed together; each resolves when it is durable. */
export class TaskCommits {
  readonly #options: TaskCommitsOptions;
  readonly #ends: GroupCommit<TaskEnd, EndResult>;
  readonly #progress: GroupCommit<Progress, null>;

  constructor(options: TaskCommitsOptions) {
    this.#options = options;
    const { database, doorbell, cascadeLimit, metrics } = options;
    this.#ends = new GroupCommit({
      maxItems: MAX_ENDS,
      keyOf: (end) => end.id,
      commit: async (ends, wait) => {
        const { results, effects } = await endTasks(database.db, 'report', ends, { wait, cascadeLimit });
        this.#announce(effects);
        return results;
      },
    });
    this.#progress = new GroupCommit({
      maxItems: MAX_ADDITIONS,
      commit: async (additions, wait) => {
        try {
          const { results, freed } = await addProgress(database.db, additions, { wait });
          if (freed) doorbell.ring('start');
          metrics.batchUpdateEvents.inc(additions.length);
          return results;
        } catch (error) {
          metrics.batchUpdateFailures.inc(additions.length);
          throw error;
        }
      },
    });
  }

  /** The end that a client reports. */
  async report(end: TaskEnd): Promise<EndResult> {
    const result = await this.#ends.submit(end);
    if (result.outcome === 'applied') this.#countEnd(result);
    return result;
  }

  /** Cancels a task; alone, since it waits for the tasks that it walks through. */
  async cancel(id: string): Promise<EndResult> {
    const { database, cascadeLimit, metrics } = this.#options;
    const { results, effects } = await endTasks(database.db, 'cancel', [{ id, status: 'Canceled' }], {
      wait: true,
      cascadeLimit,
    });
    this.#announce(effects);
    const [result] = results;
    if (result === undefined || typeof result === 'symbol')
      throw new Error('a cancel that waits is never busy');
    if (result.outcome === 'applied') {
      metrics.tasksCancelled.inc();
      metrics.dependencyPropagations.inc({ parent_outcome: 'canceled' });
    }
    return result;
  }

  addProgress(progress: Progress): Promise<null> {
    return this.#progress.submit(progress);
  }

  /** Resolves when nothing is waiting to be committed. */
  async idle(): Promise<void> {
    await Promise.all([this.#ends.idle(), this.#progress.idle()]);
  }

  #announce(effects: EndEffects): void {
    const { doorbell, metrics } = this.#options;
    if (effects.released > 0 || effects.freed) doorbell.ring('start');
    if (effects.notified > 0) doorbell.ring('webhook');
    if (effects.unfinished > 0) doorbell.ring('propagation');
    metrics.tasksUnblocked.inc(effects.released);
    metrics.tasksFailedByDependency.inc(effects.failed);
    metrics.batchesCompleted.inc(effects.completed);
  }

  #countEnd({ status, kind, seconds }: Extract<EndResult, { outcome: 'applied' }>): void {
    const { metrics } = this.#options;
    const labels = { outcome: status.toLowerCase(), kind: metrics.kindLabel(kind) };
    metrics.tasksCompleted.inc(labels);
    metrics.dependencyPropagations.inc({ parent_outcome: status.toLowerCase() });
    if (seconds !== null) metrics.taskDuration.observe(labels, seconds);
  }
}
