import type { UrlGuardSettings } from '@arcrun/contracts';
import {
  type Database,
  type DeliveryOutcome,
  GroupCommit,
  type LeasedDelivery,
  recordDeliveries,
} from '@arcrun/database';
import { type CallRetryPolicy, nextAttemptInSecs, parseRetryAfter, TRIGGER_HEADERS } from '@arcrun/domain';
import { countExhausted, type Logger, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { callPolicyOf } from './call-policy.ts';
import { OpenCalls } from './open-calls.ts';
import type { OriginBreakers } from './origin-breakers.ts';
import type { TaskTraces } from './task-traces.ts';
import { untilRecorded } from './until-recorded.ts';
import type { ActionCache } from './webhooks/action-cache.ts';
import { buildDeliveryCall } from './webhooks/build-call.ts';
import { checkStoredUrl } from './webhooks/check-stored-url.ts';
import type { WebhookAnswer, WebhookCall, WebhookClient } from './webhooks/webhook-client.ts';

const MAX_GROUP = 100;

export interface DeliveriesOptions {
  readonly workerId: string;
  readonly hostUrl: string;
  readonly concurrency: number;
  readonly leaseSecs: number;
  readonly retryPolicy: CallRetryPolicy;
  readonly urlGuard: UrlGuardSettings;
  readonly database: Database;
  readonly doorbell: Doorbell;
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

/** Delivers leased notifications and records how each attempt went. */
export class Deliveries {
  readonly calls: OpenCalls;
  readonly #options: DeliveriesOptions;
  readonly #outcomes: GroupCommit<DeliveryOutcome, boolean>;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    const { concurrency: max, onRoom, onOriginRoom } = options;
    this.calls = new OpenCalls({ max, onRoom, onOriginRoom });
    this.#outcomes = new GroupCommit({
      maxItems: MAX_GROUP,
      commit: async (outcomes) => {
        const recorded = await recordDeliveries(options.database.db, options.workerId, outcomes);
        return outcomes.map((outcome) => recorded.has(outcome.id));
      },
    });
  }

  /** Begins to deliver each of a round that began at that moment, without waiting for any. */
  async begin(deliveries: readonly LeasedDelivery[], beganMs: number): Promise<void> {
    const found = this.#options.actions.get(deliveries.map((delivery) => delivery.action));
    const traced = this.#options.traces?.delivered(deliveries);
    for (const delivery of deliveries)
      this.calls.begin(delivery.id, delivery.origin, () => this.#deliver(delivery, beganMs, found, traced));
    await found;
  }

  /** Resolves to whether the receiver answered. */
  async #deliver(
    delivery: LeasedDelivery,
    leasedAtMs: number,
    actions: ReturnType<ActionCache['get']>,
    traced: ReturnType<TaskTraces['delivered']> | undefined,
  ): Promise<boolean> {
    const { breakers, webhooks, traces, hostUrl, leaseSecs, doorbell, metrics, logger, urlGuard } =
      this.#options;
    const { origin, isProbe } = delivery;
    try {
      if (!isProbe && breakers.openedSince(origin, leasedAtMs)) {
        await this.#submit(unusedAttempt(delivery, null));
        // The breaker may have been closed meanwhile, when this was not due.
        doorbell.ring('webhook');
        return false;
      }
      const action = (await actions).get(delivery.action);
      if (action === undefined) throw new Error('its action is not stored');
      const trace = traced && (await traced).get(delivery.id);
      const call = () => buildDeliveryCall(delivery, action, hostUrl);
      const make = (built: WebhookCall) => webhooks.call(built);
      const blocked = checkStoredUrl(action.url, urlGuard);
      const beganMs = performance.now();
      const answer: WebhookAnswer =
        blocked === null
          ? await (trace === undefined ? make(call()) : traces!.deliver(trace, delivery, call(), make))
          : { answered: false, error: blocked, isBlocked: true };
      const trigger = TRIGGER_HEADERS[delivery.trigger];
      if (blocked === null)
        metrics.webhookDuration.observe({ trigger }, (performance.now() - beganMs) / 1000);
      if (answer.answered) await breakers.answered(origin, isProbe);
      else if (!answer.isBlocked) await breakers.unanswered(origin, { isProbe, beganMs });
      else if (isProbe) await breakers.notProbed(origin);
      await this.#record(
        delivery,
        this.#judge(delivery, answer, callPolicyOf(action, this.#options.retryPolicy)),
      );
      return answer.answered;
    } catch (error) {
      // Its lease runs out, and it is delivered again.
      doorbell.ringLater('webhook', leaseSecs * 1000);
      logger.error('notification not carried through', { delivery_id: delivery.id, error });
      return false;
    }
  }

  #judge(delivery: LeasedDelivery, answer: WebhookAnswer, policy: CallRetryPolicy): DeliveryOutcome {
    const attempt = { id: delivery.id, attempt: delivery.attempt };
    if (answer.answered && answer.status >= 200 && answer.status < 300) {
      return { ...attempt, outcome: 'Success', error: null, retryInSecs: null };
    }
    const error = answer.answered ? `answered ${answer.status}` : answer.error;
    const retryAfterSecs = answer.answered ? parseRetryAfter(answer.retryAfter, Date.now()) : null;
    const isBlocked = !answer.answered && answer.isBlocked;
    const isTooOld = delivery.ageSecs > policy.maxAgeSecs;
    if (!answer.answered && !isBlocked && delivery.isProbe && !isTooOld)
      return unusedAttempt(delivery, error);
    const retryInSecs = isBlocked
      ? null
      : nextAttemptInSecs(policy, delivery.attempt, delivery.ageSecs, retryAfterSecs, Math.random());
    return { ...attempt, outcome: retryInSecs === null ? 'Exhausted' : 'Pending', error, retryInSecs };
  }

  async #record(delivery: LeasedDelivery, outcome: DeliveryOutcome): Promise<void> {
    const { metrics, doorbell } = this.#options;
    const wasOurs = await this.#submit(outcome);
    if (!wasOurs) {
      metrics.webhookIdempotentConflicts.inc();
      return;
    }
    const trigger = TRIGGER_HEADERS[delivery.trigger];
    const succeeded = outcome.outcome === 'Success';
    metrics.webhookAttempts.inc({ trigger, outcome: succeeded ? 'success' : 'failure' });
    switch (outcome.outcome) {
      case 'Success':
        metrics.webhookDeliverySuccess.inc();
        metrics.webhookExecutions.inc({ trigger, outcome: 'success' });
        metrics.webhookDeliveryLag.observe(delivery.ageSecs);
        break;
      case 'Exhausted':
        countExhausted(metrics, trigger, 1);
        break;
      case 'Pending':
        metrics.webhookDeliveryRetries.inc();
        doorbell.ringLater('webhook', outcome.retryInSecs! * 1000);
        break;
    }
  }

  /** Resolves to whether the notification was still this worker's, which it is until its lease has run out. */
  #submit(outcome: DeliveryOutcome): Promise<boolean> {
    return untilRecorded(() => this.#outcomes.submit(outcome), this.#options.leaseSecs * 1000);
  }
}

/** It waits for the breaker of its origin, as if it had not been tried. */
function unusedAttempt({ id, attempt }: LeasedDelivery, error: string | null): DeliveryOutcome {
  return { id, attempt, outcome: 'Pending', error, retryInSecs: 0, isUnused: true };
}
