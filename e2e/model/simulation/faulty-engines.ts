import type { NewAction, Rule } from '@arcrun/client';
import { type EndReport, type Notice, type ReferenceBatch, ReferenceEngine } from './reference-engine.ts';
import { compareTurns, isOpen, type ReferenceTask } from './reference-tasks.ts';
import type { Changes } from '../scenario/scenario.ts';

// Engines with one fault each: what the model must find out by itself, from histories that are right otherwise.

const parentsOf = (engine: ReferenceEngine, task: ReferenceTask): ReferenceTask[] =>
  task.parents.map(({ id }) => engine.tasks.get(id)!);

const open = (engine: ReferenceEngine): ReferenceTask[] => [...engine.tasks.values()].filter(isOpen);

const withRules = (engine: ReferenceEngine, change: (rules: readonly Rule[]) => Rule[]) => {
  const before = open(engine).map((task) => [task, task.rules] as const);
  for (const [task, rules] of before) task.rules = change(rules);
  return () => {
    for (const [task, rules] of before) task.rules = rules;
  };
};

class IgnoresRules extends ReferenceEngine {
  override claim(): ReferenceTask[] {
    const restore = withRules(this, () => []);
    const claimed = super.claim();
    restore();
    return claimed;
  }
}

class ClaimsOneTooMany extends ReferenceEngine {
  override claim(): ReferenceTask[] {
    const restore = withRules(this, (rules) =>
      rules.map((rule) =>
        rule.type === 'Capacity'
          ? { ...rule, max_capacity: rule.max_capacity + 3 }
          : { ...rule, max_concurency: rule.max_concurency + 1 },
      ),
    );
    const claimed = super.claim();
    restore();
    return claimed;
  }
}

class IgnoresCapacity extends ReferenceEngine {
  override claim(): ReferenceTask[] {
    const restore = withRules(this, (rules) => rules.filter(({ type }) => type !== 'Capacity'));
    const claimed = super.claim();
    restore();
    return claimed;
  }
}

class IgnoresFields extends ReferenceEngine {
  override claim(): ReferenceTask[] {
    const restore = withRules(this, (rules) =>
      rules.filter(({ matcher }) => !matcher.fields.includes('rare')),
    );
    const claimed = super.claim();
    restore();
    return claimed;
  }
}

/** Its last come first. */
class ReversesPriorities extends ReferenceEngine {
  override claim(): ReferenceTask[] {
    const waiting = [...this.tasks.values()].toSorted(compareTurns);
    const before = waiting.map(({ priority }) => priority);
    for (const [index, task] of waiting.entries()) task.priority = index;
    const claimed = super.claim();
    for (const [index, task] of waiting.entries()) task.priority = before[index]!;
    return claimed;
  }
}

class ReleasesAtTheFirstParent extends ReferenceEngine {
  override end(...[task, ...rest]: Parameters<ReferenceEngine['end']>): void {
    super.end(task, ...rest);
    for (const child of open(this)) {
      const isBelow = child.parents.some(({ id }) => id === task.id);
      if (child.status === 'Waiting' && isBelow && task.status === 'Success') child.status = 'Pending';
    }
  }
}

/** A Paused task does not fail with its required parent, and starts when it is resumed. */
class PausingShields extends ReferenceEngine {
  override end(...args: Parameters<ReferenceEngine['end']>): void {
    const shielded = open(this).filter(({ status }) => status === 'Paused');
    super.end(...args);
    for (const task of shielded) {
      if (task.status !== 'Failure') continue;
      Object.assign(task, { status: 'Paused', endedAt: null, reason: null });
    }
  }

  override resume(task: ReferenceTask): boolean {
    if (task.status === 'Paused' && parentsOf(this, task).every((parent) => !isOpen(parent))) {
      task.status = 'Pending';
      return true;
    }
    return super.resume(task);
  }
}

class ResumesTooFar extends ReferenceEngine {
  override resume(task: ReferenceTask): boolean {
    const isResumed = super.resume(task);
    if (isResumed) task.status = 'Pending';
    return isResumed;
  }
}

class ForgetsThatItPaused extends ReferenceEngine {
  override pause(task: ReferenceTask): boolean {
    const { status } = task;
    const isPaused = super.pause(task);
    if (isPaused) queueMicrotask(() => void (task.status = status));
    return isPaused;
  }
}

class KeepsDeadEnds extends ReferenceEngine {
  protected override readonly deadEnds = false;
}

class IgnoresBarriers extends ReferenceEngine {
  protected override readonly barriers = false;
}

class TakesReportsTooEarly extends ReferenceEngine {
  override report(task: ReferenceTask, { status, reason, changes }: EndReport): boolean {
    if (!isOpen(task)) return false;
    this.change(task, changes);
    this.end(task, status, reason);
    return true;
  }
}

class RefusesEarlyReports extends ReferenceEngine {
  override report(...args: Parameters<ReferenceEngine['report']>): boolean {
    return args[0].status !== 'Claimed' && super.report(...args);
  }
}

class DropsProgressOfWaitingTasks extends ReferenceEngine {
  override change(task: ReferenceTask, changes: Changes): void {
    const isDropped = task.status === 'Waiting' && changes.new_success !== undefined;
    super.change(task, isDropped ? {} : changes);
  }
}

class CountsTwice extends ReferenceEngine {
  override change(task: ReferenceTask, changes: Changes): void {
    super.change(task, changes);
    if (changes.new_failures !== undefined) task.failures += changes.new_failures;
  }
}

class TimesOutTooEarly extends ReferenceEngine {
  override timeOut(): void {
    for (const task of open(this)) task.heardOfMs -= 400;
    super.timeOut();
  }
}

class SwallowsFailedStarts extends ReferenceEngine {
  override refused(task: ReferenceTask, attempt: number): void {
    this.started(task, attempt, null);
  }
}

class ForgetsCancelActions extends ReferenceEngine {
  override started(task: ReferenceTask, attempt: number, action: NewAction | null): void {
    super.started(task, attempt, task.status === 'Canceled' ? null : action);
  }
}

/** Tells on_failure of tasks that were stopped, as if they were dead ends. */
class TellsOfStops extends ReferenceEngine {
  #stopped: Notice[] = [];
  override stop(batch: ReferenceBatch): void {
    const canceled = batch.tasks.filter(isOpen);
    super.stop(batch);
    for (const task of canceled) {
      for (const action of task.given.on_failure?.slice(0, 1) ?? []) {
        this.#stopped.push({
          ...{ task, batchId: batch.id, action, trigger: 'End', condition: 'Failure' },
          key: `${task.id}:end:failure`,
          report: { status: 'Canceled', ended_at: task.endedAt!, trigger: 'end' },
        });
      }
    }
  }

  override takeNotices(): Notice[] {
    return [...super.takeNotices(), ...this.#stopped.splice(0)];
  }
}

class LosesNotices extends ReferenceEngine {
  override takeNotices(): Notice[] {
    return super.takeNotices().filter(({ key }) => !key.endsWith(':1'));
  }
}

class TellsTwice extends ReferenceEngine {
  override takeNotices(): Notice[] {
    const notices = super.takeNotices();
    return [...notices, ...notices.filter(({ trigger }) => trigger === 'BatchComplete')];
  }
}

/** End calls do not wait for the answer to on_start. */
class TellsTooEarly extends ReferenceEngine {
  override takeNotices(): Notice[] {
    const calling = [...this.tasks.values()].filter(({ isCalling }) => isCalling);
    for (const task of calling) task.isCalling = false;
    const notices = super.takeNotices();
    for (const task of calling) task.isCalling = true;
    return notices;
  }
}

class MiscountsBatches extends ReferenceEngine {
  override takeNotices(): Notice[] {
    return super.takeNotices().map((notice) => {
      if (!('counts' in notice.report)) return notice;
      const { success, failure, canceled } = notice.report.counts;
      const counts = { success, failure: failure + canceled, canceled: 0 };
      return { ...notice, report: { ...notice.report, counts } };
    });
  }
}

class NeverTriesAgain extends ReferenceEngine {
  override fail(...[task, , reason]: Parameters<ReferenceEngine['fail']>): void {
    this.end(task, 'Failure', reason);
  }
}

class TriesAgainForAnyCause extends ReferenceEngine {
  override fail(...[task, cause, ...rest]: Parameters<ReferenceEngine['fail']>): void {
    super.fail(task, task.given.retry?.on?.[0] ?? cause, ...rest);
  }
}

class TriesAgainAgainstItsWill extends ReferenceEngine {
  override fail(...[task, cause, reason]: Parameters<ReferenceEngine['fail']>): void {
    super.fail(task, cause, reason);
  }
}

class TriesAgainTooSoon extends ReferenceEngine {
  override fail(...args: Parameters<ReferenceEngine['fail']>): void {
    super.fail(...args);
    args[0].notBeforeMs = 0;
  }
}

class CountsOnInTheNextAttempt extends ReferenceEngine {
  override fail(...args: Parameters<ReferenceEngine['fail']>): void {
    const [task] = args;
    const { success, failures } = task;
    super.fail(...args);
    Object.assign(task, { success, failures });
  }
}

class ForgetsAttempts extends ReferenceEngine {
  override fail(...args: Parameters<ReferenceEngine['fail']>): void {
    super.fail(...args);
    args[0].retried.splice(0, 1);
  }
}

/** Takes the answer to a call of an attempt that is over for one in the current one. */
class MistakesAttempts extends ReferenceEngine {
  override started(task: ReferenceTask, _attempt: number, action: NewAction | null): void {
    super.started(task, task.attempt, action);
  }
}

class KeepsTheStartOfTheFirstAttempt extends ReferenceEngine {
  override fail(...args: Parameters<ReferenceEngine['fail']>): void {
    const { startedAt } = args[0];
    super.fail(...args);
    if (args[0].status === 'Pending') args[0].startedAt = startedAt;
  }
}

/** Tells on_failure of attempts. */
class TellsOfAttempts extends ReferenceEngine {
  #failed: Notice[] = [];
  override fail(...args: Parameters<ReferenceEngine['fail']>): void {
    super.fail(...args);
    const [task] = args;
    if (task.status !== 'Pending') return;
    for (const action of task.given.on_failure?.slice(0, 1) ?? []) {
      this.#failed.push({
        ...{ task, batchId: task.batchId, action, trigger: 'End', condition: 'Failure' },
        key: `${task.id}:end:failure`,
        report: { status: 'Failure', ended_at: task.lastUpdated, trigger: 'end' },
      });
    }
  }

  override takeNotices(): Notice[] {
    return [...super.takeNotices(), ...this.#failed.splice(0)];
  }
}

export const FAULTY_ENGINES: readonly (new () => ReferenceEngine)[] = [
  IgnoresRules,
  ClaimsOneTooMany,
  IgnoresCapacity,
  IgnoresFields,
  ReversesPriorities,
  ReleasesAtTheFirstParent,
  PausingShields,
  ResumesTooFar,
  ForgetsThatItPaused,
  KeepsDeadEnds,
  IgnoresBarriers,
  TakesReportsTooEarly,
  RefusesEarlyReports,
  DropsProgressOfWaitingTasks,
  CountsTwice,
  TimesOutTooEarly,
  SwallowsFailedStarts,
  ForgetsCancelActions,
  TellsOfStops,
  LosesNotices,
  TellsTwice,
  TellsTooEarly,
  MiscountsBatches,
  NeverTriesAgain,
  TriesAgainForAnyCause,
  TriesAgainAgainstItsWill,
  TriesAgainTooSoon,
  CountsOnInTheNextAttempt,
  ForgetsAttempts,
  MistakesAttempts,
  KeepsTheStartOfTheFirstAttempt,
  TellsOfAttempts,
];
