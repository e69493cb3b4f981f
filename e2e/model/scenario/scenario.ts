import type { HttpVerb, Json, Matcher, RetryCause, Rule } from '@arcrun/client';

// What one seed makes: batches, what their receivers do, and what clients do meanwhile. Plain data without times
// of its own, so that the same scenario can be driven through the real system and through the simulated one.

/** A task by its names: `<batch>/<task>`. */
export type TaskRef = string;

export interface Scenario {
  readonly seed: number;
  readonly batches: readonly BatchPlan[];
  /** What clients do, the creation of the batches first. */
  readonly interventions: readonly Intervention[];
  /** Done stage by stage, each when nothing moves any more: what lets everything end that would not by itself. */
  readonly closing: readonly (readonly Operation[])[];
}

export interface BatchPlan {
  readonly name: string;
  readonly tasks: readonly TaskPlan[];
  readonly onComplete: readonly ActionPlan[];
  readonly scope: string | null;
}

export interface TaskPlan {
  readonly ref: TaskRef;
  /** Unique in its batch. */
  readonly name: string;
  readonly kind: string;
  readonly dependencies: readonly { readonly name: string; readonly requiresSuccess: boolean }[];
  readonly timeoutSecs: number;
  readonly metadata: { readonly [field: string]: Json } | null;
  readonly rules: readonly Rule[];
  readonly dedupe: readonly Matcher[];
  readonly expectedCount: number | null;
  readonly priority: number;
  readonly deadEndBarrier: boolean;
  readonly onStart: ActionPlan;
  readonly onSuccess: readonly ActionPlan[];
  readonly onFailure: readonly ActionPlan[];
  /** Null: it has one attempt. */
  readonly retry: RetryPlan | null;
  /** Of each attempt. */
  readonly behaviours: readonly Behaviour[];
}

export interface RetryPlan {
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly backoffFactor: number;
  readonly hasJitter: boolean;
  readonly on: readonly RetryCause[];
}

export interface ActionPlan {
  /** Path and query; unique in the run. */
  readonly target: string;
  readonly verb: HttpVerb;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a notification is refused before it is taken. */
  readonly refusals: readonly Refusal[];
}

export type Refusal = { readonly status: number } | 'reset';

/** What a receiver does with an `on_start`. */
export interface Behaviour {
  readonly answer: StartAnswer;
  /** In this order; the answer is one of them, and others may come before it. */
  readonly steps: readonly Step[];
}

export type StartAnswer =
  | { readonly status: number }
  /** Accepted with a cancel action, or with something that is none. */
  | { readonly status: number; readonly cancelAction: ActionPlan }
  | { readonly status: number; readonly garbage: Json }
  | 'reset';

export interface Step {
  readonly afterMs: number;
  readonly operation: Operation | 'answer';
}

export interface Intervention {
  /** When so many starts of the scenario have been seen, or nothing moves any more. */
  readonly afterStarts: number;
  readonly afterMs: number;
  readonly operation: Operation;
}

export interface Changes {
  readonly metadata?: { readonly [field: string]: Json };
  readonly expected_count?: number;
  readonly priority?: number;
  readonly new_success?: number;
  readonly new_failures?: number;
}

/** One call of the API. */
export type Operation =
  | { readonly what: 'create'; readonly batch: string }
  | {
      readonly what: 'report';
      readonly task: TaskRef;
      readonly status: 'Success' | 'Failure';
      /** Unique in the run, so that it tells which report was the end. */
      readonly reason: string | null;
      readonly changes: Changes;
      /** The one whose handle is called; null: of whichever is the current one. */
      readonly attempt: number | null;
      /** False: it asks for no further attempt. */
      readonly isRetryable: boolean;
    }
  | {
      readonly what: 'progress';
      readonly task: TaskRef;
      readonly success: number;
      readonly failures: number;
      readonly attempt: number | null;
    }
  | { readonly what: 'change'; readonly task: TaskRef; readonly changes: Changes }
  | { readonly what: 'cancel' | 'pause' | 'resume' | 'read'; readonly task: TaskRef }
  | { readonly what: 'stop'; readonly batch: string }
  | {
      readonly what: 'rules';
      readonly batch: string;
      readonly kind: string;
      readonly rules: readonly Rule[];
    };

/** The least time between an attempt that failed, counted from 1, and the next one. */
export const leastBackoffMs = (
  { backoffMs, backoffFactor, hasJitter }: RetryPlan,
  attempt: number,
): number => (hasJitter ? 0 : backoffMs * backoffFactor ** (attempt - 1));

export const tasksOf = (scenario: Scenario): TaskPlan[] => scenario.batches.flatMap((batch) => batch.tasks);
