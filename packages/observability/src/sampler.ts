import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from './metrics.ts';

/** What there is in the whole fleet, at one moment. */
interface FleetSample {
  readonly tasksByStatus: Readonly<Record<string, number>>;
  readonly runningByKind: Readonly<Record<string, number>>;
  readonly oldestDueSecs: Readonly<Record<string, number>>;
  readonly workersAlive: number;
  readonly pendingDeliveries: number;
  readonly openBreakers: number;
  readonly oldestSnapshotSecs: number;
}

/** How many tasks of a kind have ended, and how many of them in Failure. */
interface KindEnds {
  readonly kind: string;
  readonly ended: number;
  readonly failed: number;
}

export interface SamplerOptions {
  readonly periodSecs: number;
  readonly metrics: Metrics;
  /** Adds the ends that were counted here since the last time to those of the fleet. */
  readonly reportEnds: (ends: readonly KindEnds[]) => Promise<void>;
  /** The newest sample of the fleet. */
  readonly sampleFleet: () => Promise<FleetSample>;
  /** Jobs of each queue, by their state. */
  readonly countJobs: () => Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
  readonly onError: (error: unknown) => void;
}

const STATUSES = ['Waiting', 'Pending', 'Claimed', 'Running', 'Success', 'Failure', 'Paused', 'Canceled'];

/** Keeps the gauges of the fleet up to date, on a timer of its own: a scrape only reads them. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;
  /** By kind, what has been reported so far. */
  readonly #reported = new Map<string, KindEnds>();

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#keepSampling();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await this.#reportEnds().catch(this.#options.onError);
  }

  async #keepSampling(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const results = await Promise.allSettled([this.#reportEnds(), this.#showFleet(), this.#showQueues()]);
      for (const result of results) if (result.status === 'rejected') this.#options.onError(result.reason);
      await delay(this.#options.periodSecs * 1000, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What could not be reported is part of the next report. */
  async #reportEnds(): Promise<void> {
    const counted = new Map<string, { kind: string; ended: number; failed: number }>();
    for (const { labels, value } of (await this.#options.metrics.tasksCompleted.get()).values) {
      const kind = String(labels.kind);
      const ends = counted.get(kind) ?? { kind, ended: 0, failed: 0 };
      ends.ended += value;
      if (labels.outcome === 'failure') ends.failed += value;
      counted.set(kind, ends);
    }
    const added = Array.from(counted.values(), ({ kind, ended, failed }) => {
      const before = this.#reported.get(kind);
      return { kind, ended: ended - (before?.ended ?? 0), failed: failed - (before?.failed ?? 0) };
    }).filter(({ ended }) => ended > 0);
    if (added.length === 0) return;
    await this.#options.reportEnds(added);
    for (const [kind, ends] of counted) this.#reported.set(kind, ends);
  }

  async #showFleet(): Promise<void> {
    const { metrics, sampleFleet } = this.#options;
    const sample = await sampleFleet();
    for (const status of STATUSES) metrics.tasksByStatus.set({ status }, sample.tasksByStatus[status] ?? 0);
    const running = new Map<string, number>();
    for (const [kind, count] of Object.entries(sample.runningByKind)) {
      const label = metrics.kindLabel(kind);
      running.set(label, (running.get(label) ?? 0) + count);
    }
    metrics.runningTasksByKind.reset();
    for (const [kind, count] of running) metrics.runningTasksByKind.set({ kind }, count);
    for (const [queue, secs] of Object.entries(sample.oldestDueSecs)) metrics.oldestDue.set({ queue }, secs);
    metrics.workersAlive.set(sample.workersAlive);
    metrics.webhookDeliveriesPending.set(sample.pendingDeliveries);
    metrics.originBreakersOpen.set(sample.openBreakers);
    metrics.oldestSnapshot.set(sample.oldestSnapshotSecs);
  }

  async #showQueues(): Promise<void> {
    const { metrics, countJobs } = this.#options;
    for (const [queue, counts] of Object.entries(await countJobs())) {
      for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue, state }, count);
    }
  }
}
