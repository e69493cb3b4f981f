import {
  addProgress,
  type BUSY,
  type Database,
  type EndEffects,
  type EndResult,
  type EndEvent,
  endTasks,
  GroupCommit,
  type Progress,
  propagateEnds,
  type TaskEnd,
} from '@arcrun/database';
import { countEffects, countEnd, countRetry, type Logger, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

const MAX_ENDS = 100;
const MAX_ADDITIONS = 1000;

export interface TaskCommitsOptions {
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly cascadeLimit: number;
  readonly deadEnds: boolean;
}

/** The writes that arrive one by one and are committed together; each resolves when it is durable. */
export class TaskCommits {
  readonly #options: TaskCommitsOptions;
  readonly #ends: GroupCommit<TaskEnd, EndResult>;
  readonly #progress: GroupCommit<Progress, null>;

  constructor(options: TaskCommitsOptions) {
    this.#options = options;
    const { database, doorbell, metrics } = options;
    this.#ends = new GroupCommit({
      maxItems: MAX_ENDS,
      keyOf: (end) => end.id,
      commit: (ends, wait, onDoubt) => this.#end('report', ends, { wait, onDoubt }),
    });
    this.#progress = new GroupCommit({
      maxItems: MAX_ADDITIONS,
      commit: async (additions, wait, onDoubt) => {
        const { results, freed } = await addProgress(database.db, additions, { wait, onDoubt });
        doorbell.changed();
        if (freed) doorbell.ring('start');
        // What was busy comes again.
        metrics.batchUpdateEvents.inc(results.filter((result) => result === null).length);
        return results;
      },
    });
  }

  /** The end that a client reports. */
  async report(end: TaskEnd): Promise<EndResult> {
    const result = await this.#ends.submit(end);
    const { metrics } = this.#options;
    if (result.outcome === 'applied') countEnd(metrics, result);
    if (result.outcome === 'retried') countRetry(metrics, result, 'failure');
    return result;
  }

  /** Cancels a task; alone, since it waits for the tasks that it walks through. */
  async cancel(id: string): Promise<Exclude<EndResult, { outcome: 'retried' }>> {
    const { metrics } = this.#options;
    const [result] = await this.#end('cancel', [{ id, status: 'Canceled' }], { wait: true });
    if (result === undefined || typeof result === 'symbol')
      throw new Error('a cancel that waits is never busy');
    if (result.outcome === 'retried') throw new Error('what is canceled is not tried again');
    if (result.outcome === 'applied') {
      metrics.tasksCancelled.inc();
      metrics.dependencyPropagations.inc({ parent_outcome: 'canceled' });
      metrics.taskStatusTransitions.inc({ from_status: result.was, to_status: 'Canceled' });
    }
    return result;
  }

  async addProgress(progress: Progress): Promise<null> {
    try {
      return await this.#progress.submit(progress);
    } catch (error) {
      this.#options.metrics.batchUpdateFailures.inc();
      throw error;
    }
  }

  /** Resolves when nothing is waiting to be committed. */
  async idle(): Promise<void> {
    await Promise.all([this.#ends.idle(), this.#progress.idle()]);
  }

  async #end(
    event: EndEvent,
    ends: readonly TaskEnd[],
    options: { wait: boolean; onDoubt?: () => void },
  ): Promise<(EndResult | typeof BUSY)[]> {
    const { database, cascadeLimit, deadEnds } = this.#options;
    const { results, effects, heldUp } = await endTasks(database.db, event, ends, {
      ...options,
      cascadeLimit,
      deadEnds,
    });
    this.#announce(effects);
    for (const batchId of heldUp) await this.#climbOn(batchId);
    return results;
  }

  /**
   * Dead ends that somebody else had locked for a moment: they too are canceled before the end is answered. The
   * end itself is durable, and the propagation queue has the rest, so a failure here is nobody's.
   */
  async #climbOn(batchId: string): Promise<void> {
    const { database, cascadeLimit: limit, deadEnds, logger } = this.#options;
    try {
      const effects = await propagateEnds(database.db, { limit, batchId, deadEnds });
      if (effects !== null) this.#announce(effects);
    } catch (error) {
      logger.warn('dead ends left to the propagation queue', { batch_id: batchId, error });
    }
  }

  #announce(effects: EndEffects): void {
    const { doorbell, metrics } = this.#options;
    doorbell.changed();
    doorbell.ringForEffects(effects);
    countEffects(metrics, effects);
  }
}
