import { setTimeout as delay } from 'node:timers/promises';
import { parseAction, parseJsonText, type UrlGuardSettings } from '@arcrun/contracts';
import {
  type ActionToCall,
  checkClaim,
  type Claim,
  type Database,
  type EndResult,
  endTasks,
  GroupCommit,
  handBackClaims,
  recordStartFailure,
  type StartResult,
  startTasks,
  type StoredAction,
  type TaskEnd,
  type TaskStart,
} from '@arcrun/database';
import { type CallRetryPolicy, nextAttemptInSecs, parseRetryAfter } from '@arcrun/domain';
import {
  countEnd,
  countHandBacks,
  countRetry,
  type Logger,
  type Metrics,
  type TracedTask,
} from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { callPolicyOf } from './call-policy.ts';
import { announceEffects } from './effects.ts';
import { type CallSlot, OpenCalls } from './open-calls.ts';
import type { OriginBreakers } from './origin-breakers.ts';
import type { TaskTraces } from './task-traces.ts';
import { untilRecorded } from './until-recorded.ts';
import type { ActionCache } from './webhooks/action-cache.ts';
import { buildStartCall } from './webhooks/build-call.ts';
import type { WebhookAnswer, WebhookCall, WebhookClient } from './webhooks/webhook-client.ts';
import { checkStoredUrl } from './webhooks/check-stored-url.ts';
import type { WorkerLease } from './worker-lease.ts';

const MAX_GROUP = 100;

/** While a call waits to be made again, it is looked after so often whether it still is to be. */
const LOOK_PERIOD_MS = 1000;
/** So often while it only waits for room. */
const ROOM_PERIOD_MS = 250;

export interface StartCallsOptions {
  readonly workerId: string;
  readonly hostUrl: string;
  readonly concurrency: number;
  readonly cascadeLimit: number;
  readonly deadEnds: boolean;
  /** Of calls that are made again within an attempt, where their action does not say otherwise. */
  readonly retryPolicy: CallRetryPolicy;
  readonly urlGuard: UrlGuardSettings;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly lease: WorkerLease;
  readonly breakers: OriginBreakers;
  readonly actions: ActionCache;
  readonly webhooks: WebhookClient;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Undefined while tracing is off. */
  readonly traces?: TaskTraces | undefined;
  readonly onRoom: () => void;
  readonly onOriginRoom: () => void;
}

/** Calls on_start for claimed tasks and records how it went: Running, or Failure. */
export class StartCalls {
  readonly calls: OpenCalls;
  readonly #options: StartCallsOptions;
  readonly #starts: GroupCommit<TaskStart, StartResult>;
  readonly #failures: GroupCommit<TaskEnd, EndResult>;
  readonly #stopping = new AbortController();

  constructor(options: StartCallsOptions) {
    this.#options = options;
    const { concurrency: max, onRoom, onOriginRoom } = options;
    this.calls = new OpenCalls({ max, onRoom, onOriginRoom });
    const { database, doorbell, metrics, cascadeLimit, deadEnds } = options;
    this.#starts = new GroupCommit({
      maxItems: MAX_GROUP,
      keyOf: (start) => start.id,
      commit: async (starts, wait) => {
        const { results, notified, freed } = await startTasks(database.db, starts, { wait });
        doorbell.changed();
        if (notified > 0) doorbell.ring('webhook');
        if (freed) doorbell.ring('start');
        return results;
      },
    });
    this.#failures = new GroupCommit({
      maxItems: MAX_GROUP,
      keyOf: (end) => end.id,
      commit: async (ends, wait) => {
        const { results, effects } = await endTasks(database.db, 'failStart', ends, {
          wait,
          cascadeLimit,
          deadEnds,
        });
        doorbell.changed();
        announceEffects(effects, doorbell, metrics);
        return results;
      },
    });
  }

  /**
   * Begins a call for each claim of a round, without waiting for any.
   *
   * @param round when it began, and in which term of the lease
   */
  async begin(claims: readonly Claim[], { beganMs, term }: { beganMs: number; term: number }): Promise<void> {
    const { actions, breakers } = this.#options;
    const isTooLate = (claim: Claim) => !claim.isProbe && breakers.openedSince(claim.origin, beganMs);
    const tooLate = claims.filter(isTooLate);
    const called = claims.filter((claim) => !tooLate.includes(claim));
    const found = actions.get(called.map((claim) => claim.onStart));
    const traced = this.#options.traces?.claimed(called);
    for (const claim of called)
      this.calls.begin(claim.id, claim.origin, (slot) => this.#start(claim, slot, term, found, traced));
    if (tooLate.length > 0) await this.#giveBack(tooLate, 'breaker');
    await found;
  }

  /** Resolves to whether the receiver answered. */
  async #start(
    claim: Claim,
    slot: CallSlot,
    term: number,
    actions: ReturnType<ActionCache['get']>,
    traced: ReturnType<TaskTraces['claimed']> | undefined,
  ): Promise<boolean> {
    const { lease, breakers, hostUrl, metrics, logger, urlGuard } = this.#options;
    try {
      const task = traced && (await traced).get(claim.id);
      const action = (await actions).get(claim.onStart);
      // A claim that may be somebody else's by now is not called; it will be handed back.
      if (action === undefined || !lease.isAlive || lease.term !== term) {
        metrics.webhookIdempotentSkips.inc({ trigger: 'start' });
        if (claim.isProbe) await breakers.notProbed(claim.origin);
        return false;
      }
      const blocked = checkStoredUrl(action.url, urlGuard);
      for (let calls = 1; ; calls++) {
        const beganMs = performance.now();
        const answer: WebhookAnswer =
          blocked === null
            ? await this.#call(claim, buildStartCall(claim, action, hostUrl), task)
            : { answered: false, error: blocked, isBlocked: true };
        const isProbe = claim.isProbe && calls === 1;
        if (answer.answered) {
          await breakers.answered(claim.origin, isProbe);
        } else if (!answer.isBlocked) {
          await breakers.unanswered(claim.origin, { isProbe, beganMs });
          // It was the breaker's question, not the task's turn.
          if (isProbe) {
            metrics.webhookAttempts.inc({ trigger: 'start', outcome: 'failure' });
            await this.#giveBack([claim], 'probe');
            return false;
          }
        } else if (isProbe) {
          await breakers.notProbed(claim.origin);
        }
        const pauseSecs = this.#pauseBeforeNext(action, calls, answer);
        if (pauseSecs === null) {
          await this.#record(claim, answer);
          return answer.answered;
        }
        slot.pause(answer.answered);
        const next = await this.#waitForNext(claim, slot, term, pauseSecs, answer);
        if (next === 'over') await this.#record(claim, answer);
        if (next !== 'call') return answer.answered;
      }
    } catch (error) {
      // Nothing was recorded, so the claim stands until its lease or its age hands it back.
      logger.error('on_start not carried through', { task_id: claim.id, claim: claim.claim, error });
      return false;
    }
  }

  /** In seconds; null when it is not called again within this attempt of the task. */
  #pauseBeforeNext(action: ActionToCall, calls: number, answer: WebhookAnswer): number | null {
    const isPassing = answer.answered ? answer.status === 429 || answer.status >= 500 : !answer.isBlocked;
    if (!isPassing || action.maxAttempts === null) return null;
    const policy = { ...callPolicyOf(action, this.#options.retryPolicy), maxAgeSecs: Infinity };
    const retryAfterSecs = answer.answered ? parseRetryAfter(answer.retryAfter, Date.now()) : null;
    return nextAttemptInSecs(policy, calls, 0, retryAfterSecs, Math.random());
  }

  /**
   * Waits until the same call may be made again; the task keeps its places meanwhile. Whoever ends it meanwhile has
   * notifications that wait for this, so it looks up now and then.
   *
   * @returns `over`: the claim does not stand any more; `left`: somebody else will call
   */
  async #waitForNext(
    claim: Claim,
    slot: CallSlot,
    term: number,
    pauseSecs: number,
    answer: WebhookAnswer,
  ): Promise<'call' | 'over' | 'left'> {
    const { database, lease, metrics } = this.#options;
    const failure = { id: claim.id, claim: claim.claim, error: describeFailure(answer) };
    if (!(await untilRecorded(() => recordStartFailure(database.db, failure)))) return 'over';
    metrics.webhookAttempts.inc({ trigger: 'start', outcome: 'failure' });
    const { signal } = this.#stopping;
    const untilMs = performance.now() + pauseSecs * 1000;
    for (;;) {
      const leftMs = untilMs - performance.now();
      const waitMs = leftMs > 0 ? Math.min(leftMs, LOOK_PERIOD_MS) : slot.hasRoom ? 0 : ROOM_PERIOD_MS;
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (!lease.isAlive || lease.term !== term) return 'left';
      const state = signal.aborted ? 'stop' : await untilRecorded(() => checkClaim(database.db, claim));
      if (state === 'over') return 'over';
      if (state !== 'stands') {
        await this.#giveBack([claim], state === 'stop' ? 'stop' : 'breaker');
        return 'left';
      }
      if (performance.now() >= untilMs && slot.resume()) return 'call';
    }
  }

  /** Waits for no further call: what would be called again is left to another worker. */
  stop(): void {
    this.#stopping.abort();
  }

  async #call(claim: Claim, call: WebhookCall, task: TracedTask | undefined): Promise<WebhookAnswer> {
    const { webhooks, traces, metrics } = this.#options;
    const beganMs = performance.now();
    const answer = await (traces === undefined || task === undefined
      ? webhooks.call(call)
      : traces.call(task, claim, call, (traced) => webhooks.call(traced)));
    metrics.webhookDuration.observe({ trigger: 'start' }, (performance.now() - beganMs) / 1000);
    return answer;
  }

  async #giveBack(claims: readonly Claim[], reason: 'breaker' | 'probe' | 'stop'): Promise<void> {
    const { workerId, database, doorbell, metrics } = this.#options;
    const { returned, notified } = await handBackClaims(database.db, workerId, claims);
    countHandBacks(metrics, reason, returned);
    doorbell.ring('start');
    if (notified > 0) doorbell.ring('webhook');
  }

  async #record(claim: Claim, answer: WebhookAnswer): Promise<void> {
    const { metrics } = this.#options;
    const succeeded = answer.answered && answer.status >= 200 && answer.status < 300;
    const outcome = succeeded ? 'success' : 'failure';
    metrics.webhookAttempts.inc({ trigger: 'start', outcome });
    metrics.webhookExecutions.inc({ trigger: 'start', outcome });
    if (succeeded) {
      const cancelAction = this.#readCancelAction(claim, answer.body);
      await this.#recordStart({ id: claim.id, claim: claim.claim, cancelAction });
    } else {
      const reason = `on_start webhook failed: ${describeFailure(answer)}`;
      // The address is as wrong for the next attempt.
      const retryable = answer.answered || !answer.isBlocked;
      await this.#recordFailure({ id: claim.id, claim: claim.claim, status: 'Failure', reason, retryable });
    }
  }

  async #recordStart(start: TaskStart): Promise<void> {
    const { metrics } = this.#options;
    const result = await untilRecorded(() => this.#starts.submit(start));
    if (result.outcome === 'started') {
      metrics.taskStatusTransitions.inc({ from_status: 'Claimed', to_status: 'Running' });
      metrics.taskWait.observe({ kind: metrics.kindLabel(result.kind) }, result.waitSeconds);
    } else {
      metrics.webhookIdempotentConflicts.inc();
    }
  }

  async #recordFailure(end: TaskEnd): Promise<void> {
    const { metrics } = this.#options;
    const result = await untilRecorded(() => this.#failures.submit(end));
    if (result.outcome === 'retried') {
      countRetry(metrics, result, 'start');
      return;
    }
    if (result.outcome === 'applied') {
      countEnd(metrics, result);
      return;
    }
    metrics.webhookIdempotentConflicts.inc();
  }

  /** The JSON answer of on_start may be the task's cancel action; anything else is dropped. */
  #readCancelAction({ id }: Claim, body: string | null): StoredAction | null {
    if (body === null || !/^\s*\{/.test(body)) return null;
    const json = parseJsonText(body);
    const read = json.ok
      ? parseAction(json.value, this.#options.urlGuard)
      : { ok: false as const, details: [json.message] };
    if (read.ok) return read.action;
    this.#options.logger.debug('answer of on_start is no cancel action', {
      task_id: id,
      details: read.details,
    });
    return null;
  }
}

function describeFailure(answer: WebhookAnswer): string {
  return answer.answered ? `answered ${answer.status}` : answer.error;
}
