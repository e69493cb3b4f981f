import type { NewAction, NewBatch, NewTask, RetryCause, StatusKind } from '@arcrun/client';
import {
  idempotencyKey,
  type Link,
  propagateEnd,
  type Report,
  statusByParents,
  type TerminalStatus,
  type Trigger,
} from '@arcrun/domain';
import { dropDuplicates, numberInOrder } from './reference-creation.ts';
import {
  allows,
  compareTurns,
  currentAttempt,
  isOpen,
  policyOf,
  type ReferenceTask,
} from './reference-tasks.ts';
import type { Changes } from '../scenario/scenario.ts';

export interface ReferenceBatch {
  readonly id: string;
  readonly tasks: readonly ReferenceTask[];
  readonly links: readonly Link<string>[];
  readonly onComplete: readonly NewAction[];
}

/** What a client says of the end of an attempt. */
export interface EndReport {
  readonly status: 'Success' | 'Failure';
  readonly reason: string | null;
  readonly changes: Changes;
  readonly isRetryable: boolean;
}

/** A notification. */
export interface Notice {
  readonly task: ReferenceTask | null;
  readonly batchId: string;
  readonly trigger: Trigger;
  readonly condition: 'Success' | 'Failure' | null;
  readonly key: string;
  readonly action: NewAction;
  readonly report: Report;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * The contract as a state machine: one thing happens after another, at once and completely. It knows no processes,
 * no network and no time but the one that it is told.
 */
export class ReferenceEngine {
  /** Whether dead ends are canceled, and barriers stop the climb. */
  protected readonly deadEnds: boolean = true;
  protected readonly barriers: boolean = true;
  readonly tasks = new Map<string, ReferenceTask>();
  readonly batches = new Map<string, ReferenceBatch>();
  #notices: Notice[] = [];
  #lastId = 0;
  #micros = 0;
  #nowMs = 0;

  /** Everything until the next call happens at this time, and later than what was before. */
  moveTo(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#micros = Math.max(this.#micros + 1, Math.round(nowMs * 1000));
  }

  get #at(): string {
    const whole = new Date(EPOCH_MS + Math.floor(this.#micros / 1000)).toISOString().slice(0, -1);
    return `${whole}${String(this.#micros % 1000).padStart(3, '0')}Z`;
  }

  create(input: NewTask[] | NewBatch): ReferenceBatch {
    const given = Array.isArray(input) ? { tasks: input } : input;
    const id = this.#nextId();
    const created = dropDuplicates(given.tasks, [...this.tasks.values()]);
    const ids = numberInOrder(created, () => this.#nextId());
    const tasks = created.map((task, position) => this.#place(task, ids, id, position));
    const links = tasks.flatMap((task) =>
      task.parents.map(({ id: parent, requiresSuccess }) => ({ parent, child: task.id, requiresSuccess })),
    );
    const batch = { id, tasks, links, onComplete: given.on_batch_complete ?? [] };
    this.batches.set(id, batch);
    for (const task of tasks) this.tasks.set(task.id, task);
    if (tasks.length === 0) this.#complete(batch);
    return batch;
  }

  #nextId(): string {
    this.#lastId++;
    return `00000000-0000-7000-8000-${this.#lastId.toString(16).padStart(12, '0')}`;
  }

  #place(given: NewTask, ids: ReadonlyMap<string, string>, batchId: string, position: number): ReferenceTask {
    const parents = (given.dependencies ?? []).flatMap(({ id, requires_success: requiresSuccess }) =>
      ids.has(id) ? [{ id: ids.get(id)!, requiresSuccess }] : [],
    );
    return {
      id: ids.get(given.id)!,
      batchId,
      position,
      given,
      parents,
      createdAt: this.#at,
      status: parents.length > 0 ? 'Waiting' : 'Pending',
      startedAt: null,
      endedAt: null,
      lastUpdated: this.#at,
      heardOfMs: this.#nowMs,
      reason: null,
      success: 0,
      failures: 0,
      expectedCount: given.expected_count ?? null,
      priority: given.priority ?? 0,
      metadata: given.metadata ?? null,
      rules: given.rules ?? [],
      claim: 0,
      attempt: 1,
      retried: [],
      notBeforeMs: 0,
      cancelAction: null,
      isCalling: false,
    };
  }

  /** Takes all tasks that may start, in their order; each counts for those behind it. */
  claim(): ReferenceTask[] {
    const pending = [...this.tasks.values()].filter(
      ({ status, notBeforeMs }) => status === 'Pending' && notBeforeMs <= this.#nowMs,
    );
    return pending.toSorted(compareTurns).filter((task) => {
      if (!task.rules.every((rule) => allows(rule, task, this.tasks.values()))) return false;
      task.status = 'Claimed';
      task.claim++;
      task.isCalling = true;
      return true;
    });
  }

  /** on_start was answered 2xx. An answer in an attempt that is over says nothing. */
  started(task: ReferenceTask, attempt: number, cancelAction: NewAction | null): void {
    if (attempt !== task.attempt) return;
    task.isCalling = false;
    task.cancelAction = cancelAction;
    if (task.status === 'Claimed') {
      task.status = 'Running';
      task.startedAt = this.#at;
      this.#touch(task);
    } else if (task.status === 'Canceled' && cancelAction !== null) {
      this.#notify(task, 'Cancel', null, [cancelAction]);
    }
  }

  /** on_start was answered otherwise, or not at all. */
  refused(task: ReferenceTask, attempt: number, why: string): void {
    if (attempt !== task.attempt) return;
    task.isCalling = false;
    if (task.status === 'Claimed') this.fail(task, 'start', `on_start webhook failed: ${why}`);
  }

  /** The client reports the end of the task's attempt; false when it cannot end now. */
  report(task: ReferenceTask, { status, reason, changes, isRetryable }: EndReport): boolean {
    if (task.status !== 'Claimed' && task.status !== 'Running') return false;
    if (task.status === 'Claimed') task.startedAt = this.#at;
    this.change(task, changes);
    if (status === 'Success') this.end(task, status, null);
    else this.fail(task, 'failure', reason, { isRetryable });
    return true;
  }

  /** An attempt has failed: the task is tried again, or ends. */
  fail(
    task: ReferenceTask,
    cause: RetryCause,
    reason: string | null,
    { isRetryable = true, lastUpdated = this.#at }: { isRetryable?: boolean; lastUpdated?: string } = {},
  ): void {
    const policy = policyOf(task);
    const isTriedAgain =
      policy !== null && task.attempt < policy.max_attempts && policy.on.includes(cause) && isRetryable;
    if (!isTriedAgain) {
      this.end(task, 'Failure', reason, lastUpdated);
      return;
    }
    task.retried.push(currentAttempt({ ...task, endedAt: this.#at }, 'Failure', reason));
    const backoffMs = 1000 * policy.backoff_secs * policy.backoff_factor ** (task.attempt - 1);
    task.status = 'Pending';
    task.reason = reason;
    task.attempt++;
    task.notBeforeMs = this.#nowMs + backoffMs * (policy.jitter ? 0.5 : 1);
    task.startedAt = null;
    task.success = 0;
    task.failures = 0;
    task.cancelAction = null;
    task.isCalling = false;
    this.#touch(task);
  }

  change(task: ReferenceTask, changes: Changes): void {
    task.success += changes.new_success ?? 0;
    task.failures += changes.new_failures ?? 0;
    task.expectedCount = changes.expected_count ?? task.expectedCount;
    task.priority = changes.priority ?? task.priority;
    task.metadata = changes.metadata ?? task.metadata;
    this.#touch(task);
  }

  pause(task: ReferenceTask): boolean {
    if (task.status !== 'Waiting' && task.status !== 'Pending') return false;
    task.status = 'Paused';
    this.#touch(task);
    return true;
  }

  resume(task: ReferenceTask): boolean {
    if (task.status !== 'Paused') return false;
    const { links } = this.batches.get(task.batchId)!;
    const own = links.filter(({ child }) => child === task.id);
    task.status = statusByParents('Waiting', own, this.#statusesOf(task.batchId));
    this.#touch(task);
    return true;
  }

  stop(batch: ReferenceBatch): void {
    for (const task of batch.tasks.filter(isOpen)) this.#finish(task, 'Canceled', 'Batch stopped');
    this.#completeIfDone(batch);
  }

  timeOut(): void {
    for (const task of this.tasks.values()) {
      const silentMs = this.#nowMs - task.heardOfMs;
      if (task.status !== 'Running' || silentMs < task.given.timeout! * 1000) continue;
      this.moveTo(this.#nowMs);
      this.fail(task, 'timeout', 'Timeout', { lastUpdated: task.lastUpdated });
    }
  }

  /** Ends a task, with all that follows from it. */
  end(task: ReferenceTask, status: TerminalStatus, reason: string | null, lastUpdated = this.#at): void {
    const batch = this.batches.get(task.batchId)!;
    const statuses = this.#statusesOf(task.batchId);
    const barred = batch.tasks.filter(({ given }) => this.barriers && given.dead_end_barrier);
    const [, ...changed] = propagateEnd(statuses, batch.links, task.id, status, {
      barriers: new Set(barred.map(({ id }) => id)),
      deadEnds: this.deadEnds,
    });
    const deadEnds = new Set(changed.filter((id) => statuses.get(id) === 'Canceled'));
    this.#finish(task, status, reason, lastUpdated);
    // What was released may be a dead end at once, and is named twice.
    for (const id of new Set(changed)) {
      const next = this.tasks.get(id)!;
      const became = statuses.get(id)!;
      if (became === 'Failure') this.#finish(next, became, this.#nameParent(next, statuses, deadEnds));
      else if (became === 'Canceled') this.#finish(next, became, 'All child tasks already terminated');
      else {
        next.status = became;
        this.#touch(next);
      }
    }
    this.#completeIfDone(batch);
  }

  /** The required parent that ended first, then the one with the lowest id. */
  #nameParent(
    { parents }: ReferenceTask,
    statuses: ReadonlyMap<string, string>,
    deadEnds: ReadonlySet<string>,
  ): string {
    const guilty = parents
      .filter(({ id, requiresSuccess }) => requiresSuccess && !deadEnds.has(id))
      .filter(({ id }) => ['Failure', 'Canceled'].includes(statuses.get(id)!))
      .map(({ id }) => ({ id, endedAt: this.tasks.get(id)!.endedAt ?? this.#at }))
      .toSorted((a, b) => (`${a.endedAt} ${a.id}` < `${b.endedAt} ${b.id}` ? -1 : 1));
    return `Required parent task ${guilty[0]!.id} failed`;
  }

  #statusesOf(batchId: string): Map<string, StatusKind> {
    return new Map(this.batches.get(batchId)!.tasks.map(({ id, status }) => [id, status]));
  }

  #touch(task: ReferenceTask): void {
    task.lastUpdated = this.#at;
    task.heardOfMs = this.#nowMs;
  }

  #finish(task: ReferenceTask, status: TerminalStatus, reason: string | null, lastUpdated = this.#at): void {
    task.status = status;
    task.reason = reason;
    task.endedAt = this.#at;
    task.lastUpdated = lastUpdated;
    const isDeadEnd = reason === 'All child tasks already terminated';
    const { on_success: onSuccess = [], on_failure: onFailure = [] } = task.given;
    if (status === 'Success') this.#notify(task, 'End', 'Success', onSuccess);
    if (status === 'Failure' || isDeadEnd) this.#notify(task, 'End', 'Failure', onFailure);
    if (status === 'Canceled' && task.cancelAction !== null)
      this.#notify(task, 'Cancel', null, [task.cancelAction]);
  }

  #notify(
    task: ReferenceTask,
    trigger: 'End' | 'Cancel',
    condition: Notice['condition'],
    actions: readonly NewAction[],
  ): void {
    const { id, batchId, status } = task;
    const report = { status, ended_at: task.endedAt!, trigger: trigger.toLowerCase() };
    for (const [position, action] of actions.entries()) {
      const key = idempotencyKey({ trigger, condition, subjectId: id, position });
      this.#notices.push({ task, batchId, trigger, condition, key, action, report });
    }
  }

  #completeIfDone(batch: ReferenceBatch): void {
    if (!batch.tasks.some(isOpen)) this.#complete(batch);
  }

  #complete({ id, tasks, onComplete }: ReferenceBatch): void {
    const count = (status: string): number => tasks.filter((task) => task.status === status).length;
    const counts = { success: count('Success'), failure: count('Failure'), canceled: count('Canceled') };
    const report = { batch_id: id, counts, completed_at: this.#at };
    for (const [position, action] of onComplete.entries()) {
      const subject = { trigger: 'BatchComplete', condition: null, subjectId: id, position } as const;
      const key = idempotencyKey(subject);
      const trigger = 'BatchComplete';
      this.#notices.push({ task: null, batchId: id, trigger, condition: null, key, action, report });
    }
  }

  /** The notifications that may go out now: those of a task wait for its on_start. */
  takeNotices(): Notice[] {
    const ready = this.#notices.filter(({ task }) => task === null || !task.isCalling);
    this.#notices = this.#notices.filter(({ task }) => task !== null && task.isCalling);
    return ready;
  }
}
