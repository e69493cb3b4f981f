export type * from './explanation-types.ts';

/** Any JSON value. Integers beyond 2^53 lose digits in JavaScript; the server keeps them. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type StatusKind =
  'Waiting' | 'Pending' | 'Claimed' | 'Running' | 'Success' | 'Failure' | 'Canceled' | 'Paused';

export type HttpVerb = 'Get' | 'Post' | 'Put' | 'Patch' | 'Delete';

export interface WebhookParams {
  url: string;
  verb: HttpVerb;
  body?: Json;
  headers?: Record<string, string>;
}

/** A call that the server makes. */
export interface NewAction {
  kind: 'Webhook';
  params: WebhookParams;
  /** How a call that failed is made again. */
  retry?: ActionRetry;
}

/** Of a notification in place of the server's settings; of `on_start` the calls within one attempt of the task. */
export interface ActionRetry {
  max_attempts?: number;
  /** The first pause between calls, doubled each time. */
  backoff_secs?: number;
}

/** A stored action, as a task shows it. */
export interface Action extends NewAction {
  trigger: 'Start' | 'End' | 'Cancel';
  /** Of an End: `Success` calls what `on_success` named, `Failure` what `on_failure` did. */
  condition?: 'Success' | 'Failure';
  /** How many calls of it have failed, and how the last of them did. */
  failure_count: number;
  last_error: string | null;
}

export interface Dependency {
  /** The local id of a task of the same request. */
  id: string;
  /** False: the child also starts when this parent failed. */
  requires_success: boolean;
}

export interface Matcher {
  status: StatusKind;
  kind: string;
  /** Top-level names of the metadata whose values must be equal. */
  fields: string[];
}

export interface ConcurrencyRule {
  type: 'Concurency';
  max_concurency: number;
  matcher: Matcher;
}

export interface CapacityRule {
  type: 'Capacity';
  max_capacity: number;
  matcher: Matcher;
}

export type Rule = ConcurrencyRule | CapacityRule;

/** Why an attempt failed: its client said so, it gave no sign of life, or its `on_start` could not be called. */
export type RetryCause = 'failure' | 'timeout' | 'start';

/** When a task that failed is begun again. */
export interface RetryPolicy {
  /** The first one included. */
  max_attempts: number;
  /** From the first failure to the second attempt. */
  backoff_secs: number;
  /** How many times longer each further wait is. */
  backoff_factor: number;
  /** No wait is longer. */
  max_backoff_secs: number;
  /** Whether each wait is a random part of that. */
  jitter: boolean;
  on: RetryCause[];
}

export interface NewTask {
  /** Local name, unique in the request. */
  id: string;
  name: string;
  kind: string;
  on_start: NewAction;
  /** Seconds without news after which a running task fails; 60 when not given. */
  timeout?: number;
  metadata?: Json;
  dependencies?: Dependency[];
  rules?: Rule[];
  dedupe_strategy?: Matcher[];
  expected_count?: number;
  on_success?: NewAction[];
  on_failure?: NewAction[];
  /** −1000 … 1000, higher first. */
  priority?: number;
  dead_end_barrier?: boolean;
  retry?: Partial<RetryPolicy>;
}

/** The object form of `POST /task`. */
export interface NewBatch {
  tasks: NewTask[];
  on_batch_complete?: NewAction[];
  scope?: string;
  metadata?: Json;
}

/** Times are RFC 3339, UTC. */
export interface BasicTask {
  id: string;
  name: string;
  kind: string;
  status: StatusKind;
  created_at: string;
  started_at: string | null;
  success: number;
  failures: number;
  expected_count: number | null;
  ended_at: string | null;
  batch_id: string;
  dead_end_barrier: boolean;
  priority: number;
  /** The current one, from 1. */
  attempt: number;
  max_attempts: number;
  /** The task that runs again in it. */
  rerun_of: string | null;
}

/** An attempt that is over. */
export interface Attempt {
  attempt: number;
  /** Null when `on_start` was never called with success. */
  started_at: string | null;
  ended_at: string;
  status: StatusKind;
  failure_reason: string | null;
  success: number;
  failures: number;
}

export interface Task extends BasicTask {
  /** Seconds. */
  timeout: number;
  rules: Rule[];
  metadata: Json;
  actions: Action[];
  last_updated: string;
  /** Between two attempts that of the last one. */
  failure_reason: string | null;
  /** Null when it has one attempt. */
  retry: RetryPolicy | null;
  /** Between two attempts: it does not start before. */
  next_attempt_at: string | null;
  /** Those that are over; empty when it has one attempt. */
  attempts: Attempt[];
}

/** What a report may add to the end itself. */
export interface TaskChanges {
  new_success?: number;
  new_failures?: number;
  metadata?: Json;
  expected_count?: number;
  priority?: number;
}

/** With a failure. */
export interface FailureChanges extends TaskChanges {
  /** False: the task ends, however many attempts are left. */
  retryable?: boolean;
}

export interface UpdateTask extends FailureChanges {
  status?: 'Success' | 'Failure';
  /** Needed with the status Failure. */
  failure_reason?: string;
}

/** At least one of them above 0. */
export interface Progress {
  success?: number;
  failures?: number;
}

export interface Link {
  parent_id: string;
  child_id: string;
  requires_success: boolean;
}

export interface Dag {
  tasks: BasicTask[];
  links: Link[];
}

export interface StatusCounts {
  waiting: number;
  pending: number;
  claimed: number;
  running: number;
  success: number;
  failure: number;
  paused: number;
  canceled: number;
}

export interface BatchStats {
  batch_id: string;
  total_tasks: number;
  total_success: number;
  total_failures: number;
  /** Null when any task has no `expected_count`. */
  total_expected: number | null;
  status_counts: StatusCounts;
  /** The batch whose tasks run again in it. */
  rerun_of: string | null;
  /** Batches in which its tasks ran again: the latest 20, newest first. */
  reruns: string[];
}

export interface BatchSummary {
  batch_id: string;
  total_tasks: number;
  first_created_at: string;
  latest_updated_at: string;
  status_counts: StatusCounts;
  kinds: string[];
  /** Unfinished tasks; null for a batch that was posted as an array. */
  remaining: number | null;
  scope: string | null;
  metadata: Json;
  rerun_of: string | null;
}

/** Which tasks of a finished batch run again; those that did not succeed if not said. */
export interface NewRerun {
  only?: 'unsuccessful' | 'all';
}

/** What a rerun would run. */
export interface RerunPlan {
  tasks: {
    id: string;
    name: string;
    kind: string;
    /** How it ended. */
    why: string;
  }[];
  /** How many stay out; what depends on them need not wait. */
  skipped: number;
}

export interface StopBatchResult {
  batch_id: string;
  canceled_waiting: number;
  canceled_pending: number;
  canceled_claimed: number;
  canceled_running: number;
  canceled_paused: number;
  already_terminal: number;
}

export interface UpdateRulesResult {
  batch_id: string;
  kind: string;
  updated_count: number;
}

export type DeliveryStatus = 'Pending' | 'Success' | 'Failure' | 'Exhausted';

export interface Delivery {
  id: string;
  /** Null for a batch's delivery. */
  task_id: string | null;
  /** Null for a task's delivery. */
  batch_id: string | null;
  trigger: 'Start' | 'End' | 'Cancel' | 'BatchComplete';
  condition: 'Success' | 'Failure' | null;
  idempotency_key: string;
  status: DeliveryStatus;
  attempts: number;
  last_error: string | null;
  next_attempt_at: string | null;
  created_at: string;
  updated_at: string;
}

/** Which exhausted deliveries are made due again; empty: all. */
export interface RetryDeliveries {
  status?: DeliveryStatus;
  task_id?: string;
  batch_id?: string;
}

/** How a batch stands, and what changed in it. */
export type BatchEvent =
  | { type: 'snapshot'; batch: BatchStats; tasks: BasicTask[] }
  | { type: 'tasks'; batch: BatchStats; tasks: BasicTask[] }
  | { type: 'end'; batch: BatchStats };

export interface Health {
  status: 'ok' | 'degraded';
  database: 'healthy' | 'unhealthy';
  queue: 'healthy' | 'unhealthy';
  pool_size: number;
  pool_idle: number;
}

interface PageQuery {
  /** 0-based. */
  page?: number;
  page_size?: number;
}

export interface TaskFilter extends PageQuery {
  /** Substring. */
  name?: string;
  /** Substring. */
  kind?: string;
  status?: StatusKind;
  batch_id?: string;
  timeout?: number;
  /** Containment. */
  metadata?: Json;
}

export interface BatchFilter extends PageQuery {
  kind?: string;
  name?: string;
  status?: StatusKind;
  created_after?: string;
  created_before?: string;
  /** Exact. */
  scope?: string;
  /** Containment. */
  metadata?: Json;
  /** Substring in scope and metadata. */
  search?: string;
}

export interface DeliveryFilter extends PageQuery {
  status?: DeliveryStatus;
  task_id?: string;
  /** The batch's own and those of its tasks. */
  batch_id?: string;
}
