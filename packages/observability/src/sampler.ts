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

export interface SamplerOptions {
  readonly periodSecs: number;
  readonly metrics: Metrics;
  /** The newest sample of the fleet, and whether it is this process that shows it. */
  readonly sampleFleet: () => Promise<{ readonly sample: FleetSample; readonly isOwn: boolean }>;
  /** Jobs of each queue, by their state. */
  readonly countJobs: () => Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
  readonly onError: (error: unknown) => void;
}

const STATUSES = ['Waiting', 'Pending', 'Claimed', 'Running', 'Success', 'Failure', 'Paused', 'Canceled'];

/**
 * Keeps the gauges of the fleet up to date, on a timer of its own: a scrape only reads them. One process shows them and
 * the others do not, so that they may be summed like everything else.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#keepSampling();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #keepSampling(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#sample().catch((error: unknown) => {
        // What was seen last is no longer true.
        this.#options.metrics.forgetFleet();
        this.#options.onError(error);
      });
      await delay(this.#options.periodSecs * 1000, undefined, { signal }).catch(() => undefined);
    }
  }

  async #sample(): Promise<void> {
    const { metrics, sampleFleet, countJobs } = this.#options;
    const { sample, isOwn } = await sampleFleet();
    if (!isOwn) {
      metrics.forgetFleet();
      return;
    }
    this.#showFleet(sample);
    for (const [queue, counts] of Object.entries(await countJobs())) {
      for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue, state }, count);
    }
  }

  #showFleet(sample: FleetSample): void {
    const { metrics } = this.#options;
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
}
