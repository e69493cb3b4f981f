import type { Bell, DueBell } from '@arcrun/contracts';
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { CHANNELS } from './broadcasts.ts';
import { ChangeBell } from './change-bell.ts';
import { KEPT_JOBS, KEY_PREFIX, QUEUE_NAMES, type QueueName } from './queues.ts';
import type { QueueTelemetry } from './telemetry.ts';
import { within } from './within.ts';

/** How long a ring may take before it counts as lost. */
const RING_LIMIT_MS = 1000;

/** How long it may take to look at queues. */
const LOOK_LIMIT_MS = 5000;

/** Bells for the same moment are one; moments are told apart to this, so that a retry is not late by more. */
const MOMENT_MS = 10;

/** Jobs that ring should this process be gone by then are told apart to this. */
const STEP_MS = 1000;

/** Within this is the job of a bell that is rung again and again, every second or more often. */
const SOON_MS = 1000 + STEP_MS;

/** The first delayed jobs of the timeout queue, among which are all that ring within a moment. */
const FIRST_DELAYED = 16;

/** Node's timers reach no further. */
const TIMER_LIMIT_MS = 2 ** 31 - 1;

/** So many moments are kept in mind; bells for others ring by their jobs, up to a second late. */
const TIMERS_MAX = 10_000;

export interface DoorbellOptions {
  /** The request that is being served, which a bell then names. */
  readonly requestId?: () => string | undefined;
  /** Records who rings. */
  readonly telemetry?: QueueTelemetry | undefined;
}

/** A bell, and whether it is to be rung once more when this ring is over. */
interface Ring {
  again: boolean;
}

/**
 * Tells workers that there may be work. A bell carries no state: what is to be done stands in Postgres, and a bell
 * that is lost is found missing by the sweep. So ringing never fails and never holds up its caller. What could not be
 * rung while Redis was away is rung when it is back.
 *
 * A bell that is rung while its job is active makes another job when that one ends, so what was committed after
 * the round had read is not missed; while one waits, further rings add nothing.
 */
export class Doorbell {
  readonly #redis: Redis;
  readonly #queues = new Map<QueueName, Queue>();
  readonly #rings = new Map<QueueName, Ring>();
  /** Of bells for later, by queue and moment. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #changes: ChangeBell;
  /** Those whose bell could not be rung; it is made up for when Redis is there again. */
  readonly #owed = new Set<QueueName>();
  readonly #onLost: (queue: QueueName, error: unknown) => void;
  readonly #options: DoorbellOptions;

  constructor(
    redis: Redis,
    onLost: (queue: QueueName, error: unknown) => void,
    options: DoorbellOptions = {},
  ) {
    this.#redis = redis;
    this.#onLost = onLost;
    this.#changes = new ChangeBell(redis);
    this.#options = options;
    // A queue that is made while Redis is away stays broken for ever, so they are made when it is there.
    redis.on('ready', this.#onReady);
    if (redis.status === 'ready') this.#onReady();
  }

  /** The queues that it rings, for those that show or count them; none before Redis was there once. */
  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  /** @throws while Redis has not been there yet */
  queue(name: QueueName): Queue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new Error('Redis has not been reached yet');
    return queue;
  }

  /** Rings after a commit. Many rings of one queue at the same time are two at the most. */
  ring(name: QueueName): void {
    this.changed();
    const ring = this.#rings.get(name);
    if (ring !== undefined) {
      ring.again = true;
      return;
    }
    void this.#keepRinging(name);
  }

  /** Tells those who watch batches of a commit that changed tasks. Whoever rings for work need not. */
  changed(): void {
    this.#changes.ring();
  }

  /**
   * Has all workers look, where a bell brings one of them. Whom a bell reaches is not to be relied on: BullMQ wakes
   * another worker beside the one that takes the job, so that of three idle ones the same may be left out each time.
   */
  ringAll(name: QueueName): void {
    this.#redis.publish(CHANNELS.look, name).catch(() => undefined);
  }

  /** Rings for what ends brought about. */
  ringForEffects(effects: {
    readonly released: number;
    readonly freed: boolean;
    readonly notified: number;
    readonly unfinished: number;
    readonly nextAttemptsSecs: readonly number[];
  }): void {
    if (effects.released > 0 || effects.freed) this.ring('start');
    if (effects.notified > 0) this.ring('webhook');
    if (effects.unfinished > 0) this.ring('propagation');
    for (const secs of effects.nextAttemptsSecs) this.ringLater('start', secs * 1000);
  }

  /**
   * Rings when something falls due, in `delayMs` from now. It is this process that rings then; should it be gone, or have
   * too many of them in mind, a job of the timeout queue does, up to a second later. Delayed jobs alone would ring late: Redis looks for those
   * whose wait is over every 100 ms only.
   */
  ringLater(name: QueueName, delayMs: number): void {
    const nowMs = Date.now();
    const dueMs = nowMs + Math.max(0, delayMs);
    this.#ringAt(name, Math.floor(dueMs / MOMENT_MS) + 1, nowMs);
    const step = Math.floor(dueMs / STEP_MS) + 1;
    void this.#bounded('timeout', (queue) =>
      queue.add('due', { ...this.#bell(), ring: name } satisfies DueBell, {
        // One job a step, which runs at its end: a bell for a step whose job has run would be swallowed.
        jobId: `due-${name}-${step}`,
        delay: step * STEP_MS - nowMs,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      }),
    );
  }

  /**
   * Whether no job of the queue waits, is under way or comes within a moment: nobody will look for its work.
   *
   * @throws while Redis does not answer
   */
  async isSilent(name: QueueName): Promise<boolean> {
    // In this order: a bell that is rung between the two is among the jobs.
    if (await within(LOOK_LIMIT_MS, this.#comesSoon(name))) return false;
    const jobs = this.queue(name).getJobCounts('waiting', 'active', 'prioritized');
    return Object.values(await within(LOOK_LIMIT_MS, jobs)).every((count) => count === 0);
  }

  /**
   * How many jobs there are in each queue, by their state; nothing before Redis was there once.
   *
   * @throws while Redis does not answer
   */
  async countJobs(): Promise<Record<string, Record<string, number>>> {
    const counts = await Promise.all(
      this.queues.map(
        async (queue) =>
          [
            queue.name,
            await within(LOOK_LIMIT_MS, queue.getJobCounts('waiting', 'active', 'delayed')),
          ] as const,
      ),
    );
    return Object.fromEntries(counts);
  }

  async close(): Promise<void> {
    this.#redis.off('ready', this.#onReady);
    this.#changes.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.queues.map((queue) => queue.close()));
  }

  async #comesSoon(name: QueueName): Promise<boolean> {
    const delayed: Job<Partial<DueBell> | undefined>[] = await this.queue('timeout').getDelayed(
      0,
      FIRST_DELAYED - 1,
    );
    const soonMs = Date.now() + SOON_MS;
    return delayed.some((job) => job.data?.ring === name && job.timestamp + (job.opts.delay ?? 0) <= soonMs);
  }

  #ringAt(name: QueueName, moment: number, nowMs: number): void {
    const key = `${name} ${moment}`;
    const delayMs = moment * MOMENT_MS - nowMs;
    if (this.#timers.has(key) || this.#timers.size >= TIMERS_MAX || delayMs > TIMER_LIMIT_MS) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.ring(name);
    }, delayMs);
    // A process that ends need not wait for it: there is the job.
    this.#timers.set(key, timer.unref());
  }

  async #keepRinging(name: QueueName): Promise<void> {
    const ring: Ring = { again: true };
    this.#rings.set(name, ring);
    while (ring.again) {
      ring.again = false;
      await this.#bounded(name, (queue) =>
        queue.add('bell', this.#bell(), { deduplication: { id: name, keepLastIfActive: true } }),
      );
    }
    this.#rings.delete(name);
  }

  #bell(): Bell {
    const id = this.#options.requestId?.();
    return id === undefined ? {} : { request_id: id };
  }

  async #bounded(name: QueueName, ring: (queue: Queue) => Promise<unknown>): Promise<void> {
    try {
      await within(RING_LIMIT_MS, ring(this.queue(name)));
    } catch (error) {
      this.#owed.add(name);
      this.#onLost(name, error);
    }
  }

  readonly #onReady = (): void => {
    for (const name of QUEUE_NAMES) {
      if (this.#queues.has(name)) continue;
      const queue = new Queue(name, {
        connection: this.#redis,
        prefix: KEY_PREFIX,
        skipWaitingForReady: true,
        defaultJobOptions: KEPT_JOBS,
        ...(this.#options.telemetry && { telemetry: this.#options.telemetry }),
      });
      // Errors of the connection are reported by the connection.
      queue.on('error', () => undefined);
      this.#queues.set(name, queue);
      queue.waitUntilReady().catch(() => this.#queues.delete(name));
    }
    const owed = [...this.#owed];
    this.#owed.clear();
    for (const name of owed) this.ring(name);
  };
}
