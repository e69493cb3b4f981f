import type { Condition, TaskStatus, Trigger } from '@arcrun/domain';
import type { ColumnType, Generated } from 'kysely';

/** The tables as migrations/ makes them, for typed queries. Times come as strings of RFC 3339 where read. */
export interface Schema {
  action: ActionTable;
  batch: BatchTable;
  delivery: DeliveryTable;
  link: LinkTable;
  propagation: PropagationTable;
  sweep: SweepTable;
  task: TaskTable;
  task_state: TaskStateTable;
  worker: WorkerTable;
}

type Time = ColumnType<Date, string, string>;
type NullableTime = ColumnType<Date | null, string | null, string | null>;

interface ActionTable {
  hash: Buffer;
  kind: string;
  url: string;
  verb: string;
  headers: unknown;
  body: unknown;
}

interface BatchTable {
  id: string;
  created_at: Time;
  posted_as_object: boolean;
  scope: string | null;
  metadata: unknown;
  on_complete: Buffer[];
  kinds: string[];
  name_words: string | null;
  total_tasks: number;
  open_tasks: number;
  updated_at: Time;
  completed_at: NullableTime;
  status_counts: Partial<Record<TaskStatus, number>> | null;
  rerun_of: string | null;
  traceparent: string | null;
}

interface TaskTable {
  id: string;
  batch_id: string;
  position: number;
  created_at: Time;
  name: string;
  kind: string;
  timeout_secs: number;
  dead_end_barrier: boolean;
  metadata: unknown;
  on_start: Buffer;
  on_success: Buffer[];
  on_failure: Buffer[];
  rerun_of: string | null;
}

interface TaskStateTable {
  id: string;
  batch_id: string;
  created_at: Time;
  position: number;
  status: TaskStatus;
  priority: number;
  timeout_secs: number;
  open_parents: number;
  claim: Generated<number>;
  worker_id: string | null;
  success: Generated<number>;
  failures: Generated<number>;
  expected_count: number | null;
  started_at: NullableTime;
  ended_at: NullableTime;
  last_updated: Time;
  check_at: NullableTime;
  failure_reason: string | null;
  cancel_action: Buffer | null;
  attempt: Generated<number>;
  max_attempts: Generated<number>;
  backoff_until: NullableTime;
}

interface LinkTable {
  parent_id: string;
  child_id: string;
  requires_success: boolean;
}

interface PropagationTable {
  task_id: string;
  batch_id: string;
  upward: boolean;
  created_at: Generated<Date>;
}

interface DeliveryTable {
  id: Generated<string>;
  task_id: string | null;
  batch_id: string | null;
  trigger: Trigger;
  condition: Condition | null;
  position: number;
  action: Buffer;
  origin: string;
  status: Generated<DeliveryStatus>;
  attempts: Generated<number>;
  last_error: string | null;
  next_attempt_at: NullableTime;
  waits_for_worker: string | null;
  worker_id: string | null;
  created_at: Time;
  retried_at: NullableTime;
  updated_at: Time;
}

export type DeliveryStatus = 'Pending' | 'Success' | 'Failure' | 'Exhausted';

interface WorkerTable {
  id: string;
  host: string;
  pid: number;
  started_at: Generated<Date>;
  lease_until: Time;
}

interface SweepTable {
  name: string;
  ran_at: Time;
  grace_until: Time;
}
