-- What moves and what rests live apart: a transition writes only into narrow rows with few indexes
-- (task_state), while names, metadata and actions, with the wide indexes that lists need, rest (task).
-- There are no foreign keys onto moving rows: their checks would lock what the hot path updates.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TYPE task_status AS ENUM
  ('Waiting', 'Pending', 'Claimed', 'Running', 'Success', 'Failure', 'Paused', 'Canceled');
CREATE TYPE delivery_trigger AS ENUM ('Start', 'End', 'Cancel', 'BatchComplete');
CREATE TYPE delivery_condition AS ENUM ('Success', 'Failure');
CREATE TYPE delivery_status AS ENUM ('Pending', 'Success', 'Failure', 'Exhausted');

CREATE FUNCTION is_terminal(status task_status) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('Success', 'Failure', 'Canceled');

-- UUIDs of version 7 (RFC 9562) for rows that the database makes; Postgres has its own only since 18.
CREATE FUNCTION uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
      FROM 1 FOR 6),
    52, 1), 53, 1),
  'hex')::uuid;

-- Times as the API writes them, whatever the session's settings are.
CREATE FUNCTION rfc3339(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- used_at of what is stored once is no more exact than this, so that what all use is seldom written.
CREATE FUNCTION use_step() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '10 minutes';

-- An action is found by its content and stored once, whatever task or batch it comes with.
CREATE TABLE action (
  hash bytea PRIMARY KEY,        -- 16 bytes of the SHA-256 of its canonical JSON
  kind text NOT NULL DEFAULT 'Webhook',
  url text NOT NULL,
  verb text NOT NULL,
  headers json,                  -- json, not jsonb: it is given back as it came
  body json,
  origin text NOT NULL,          -- scheme, host and port of the receiver
  max_attempts smallint,         -- how it is called again; null: as the settings say
  backoff_secs float8,
  used_at timestamptz NOT NULL DEFAULT now(), -- when a task or batch last came with it
  CHECK (octet_length(hash) = 16)
);
CREATE INDEX action_by_use ON action (used_at);

CREATE TABLE batch (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL,
  posted_as_object boolean NOT NULL,
  scope text,
  metadata jsonb,
  on_complete bytea[] NOT NULL,  -- actions
  kinds text[] NOT NULL,
  name_words text,               -- of its tasks' names, with the number of tasks: "extract:91 orders:12"; null: unknown
  total_tasks integer NOT NULL,
  open_tasks integer NOT NULL,   -- tasks that are not terminal
  updated_at timestamptz NOT NULL,
  completed_at timestamptz,
  status_counts jsonb,           -- of a finished batch; those of a live one are counted in an index
  rerun_of uuid,                 -- the batch whose tasks run again in it
  traceparent text,              -- of the request that created it (W3C Trace Context); null while tracing is off
  CHECK (open_tasks BETWEEN 0 AND total_tasks),
  CHECK ((open_tasks = 0) = (completed_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX batch_by_age ON batch (created_at DESC, id DESC);
CREATE INDEX batch_by_kinds ON batch USING gin (kinds);
CREATE INDEX batch_by_scope ON batch (scope, created_at DESC, id DESC) WHERE scope IS NOT NULL;
CREATE INDEX batch_by_metadata ON batch USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
CREATE INDEX batch_by_text ON batch USING gin (scope gin_trgm_ops, (metadata::text) gin_trgm_ops);
CREATE INDEX batch_live ON batch (created_at DESC, id DESC) WHERE completed_at IS NULL;
CREATE INDEX batch_by_origin ON batch (rerun_of, created_at DESC) WHERE rerun_of IS NOT NULL;
CREATE INDEX batch_finished ON batch (completed_at, id) WHERE completed_at IS NOT NULL;

CREATE TABLE task (
  id uuid PRIMARY KEY,           -- ids of a batch grow in topological order: parents lock before children
  batch_id uuid NOT NULL,
  position integer NOT NULL,     -- in the request
  created_at timestamptz NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  timeout_secs integer NOT NULL,
  dead_end_barrier boolean NOT NULL,
  metadata jsonb,
  on_start bytea NOT NULL,       -- actions, by their hash
  on_success bytea[] NOT NULL,
  on_failure bytea[] NOT NULL,
  rerun_of uuid,                 -- the task that runs again in it
  retry json                     -- its policy with all defaults; null when it has one attempt
);

-- The rules of a task, found by their content and stored once.
CREATE TABLE rule_set (
  hash bytea PRIMARY KEY,        -- 16 bytes of the SHA-256 of rules
  rules json NOT NULL,           -- as the API answers them
  needs jsonb NOT NULL,          -- as claims read them: [{measure, kind, fields (sorted), ceiling}]
  used_at timestamptz NOT NULL DEFAULT now(), -- when a task last came with it
  CHECK (octet_length(hash) = 16)
);
CREATE INDEX rule_set_by_use ON rule_set (used_at);

-- The order of every list: newest first, within a batch by position. What lists search by is in 0032-lists.sql.
CREATE INDEX task_by_age ON task (created_at DESC, batch_id DESC, position);
CREATE INDEX task_by_kind ON task (kind, created_at DESC, batch_id DESC, position);
CREATE INDEX task_by_batch ON task (batch_id, position);

CREATE TABLE task_state (
  id uuid PRIMARY KEY,
  batch_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  position integer NOT NULL,
  status task_status NOT NULL,
  priority smallint NOT NULL,
  timeout_secs integer NOT NULL,
  open_parents integer NOT NULL, -- parents that have not ended, or whose end has not been propagated
  rules bytea,                   -- its rule_set; null without rules
  keys uuid[],                   -- what it counts in (0015-places.sql); null when no rule looks at its kind
  lane uuid,                     -- where it queues (0016-lanes.sql); null when its rules can never allow it as it is
  claim integer NOT NULL DEFAULT 0,        -- the fencing token: how often it has been claimed
  worker_id uuid,                -- whose claim it is; stays after the end while that worker's on_start is open
  success integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  expected_count integer,
  started_at timestamptz,
  ended_at timestamptz,
  last_updated timestamptz NOT NULL,
  check_at timestamptz,          -- Claimed: since when; Running: when to look whether it has timed out
  failure_reason text,           -- in backoff that of the last attempt
  cancel_action bytea,
  attempt smallint NOT NULL DEFAULT 1,
  max_attempts smallint NOT NULL DEFAULT 1,
  attempt_claim integer NOT NULL DEFAULT 0, -- the last claim of the attempt before
  backoff_until timestamptz,     -- it may not start before; null once it may
  CHECK (attempt BETWEEN 1 AND max_attempts),
  CHECK (open_parents >= 0),
  CHECK (success >= 0 AND failures >= 0 AND expected_count >= 0),
  CHECK (is_terminal(status) = (ended_at IS NOT NULL)),
  CHECK ((status IN ('Claimed', 'Running')) = (check_at IS NOT NULL)),
  CHECK (status <> 'Claimed' OR worker_id IS NOT NULL),
  CHECK (status <> 'Running' OR started_at IS NOT NULL),
  CHECK (status NOT IN ('Pending', 'Claimed', 'Running', 'Success') OR open_parents = 0),
  CHECK (status <> 'Waiting' OR open_parents > 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX task_state_by_batch ON task_state (batch_id, status);
CREATE INDEX task_state_queue ON task_state (lane, (-priority), created_at, position, id)
  WHERE status = 'Pending';
CREATE INDEX task_state_held ON task_state (status, check_at)
  WHERE status IN ('Claimed', 'Running');

CREATE INDEX task_state_backoff ON task_state (backoff_until) WHERE backoff_until IS NOT NULL AND status = 'Pending';

-- Attempts that failed and were followed by another one.
CREATE TABLE task_attempt (
  task_id uuid NOT NULL,
  attempt smallint NOT NULL,
  started_at timestamptz,
  ended_at timestamptz NOT NULL,
  failure_reason text NOT NULL,
  success integer NOT NULL,
  failures integer NOT NULL,
  PRIMARY KEY (task_id, attempt)
);

-- Calls of on_start that failed, over all attempts of a task.
CREATE TABLE start_failure (
  task_id uuid PRIMARY KEY,
  failures integer NOT NULL,
  last_error text NOT NULL
);

-- Edges of the DAG. They never change, so a cascade can find its closure without a lock.
CREATE TABLE link (
  parent_id uuid NOT NULL,
  child_id uuid NOT NULL,
  requires_success boolean NOT NULL,
  PRIMARY KEY (parent_id, child_id)
);
CREATE INDEX link_by_child ON link (child_id);

-- Ends whose effects were too many for the request that reported them: on their children or, upward, on their
-- parents (dead ends). Like every table through which rows only pass, it is not cut short when it is empty: that
-- would lock out everybody for a moment.
CREATE TABLE propagation (
  task_id uuid NOT NULL,         -- the task that ended
  batch_id uuid NOT NULL,
  upward boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (task_id, upward)
) WITH (vacuum_truncate = off);
CREATE INDEX propagation_by_batch ON propagation (batch_id);

-- The outbox: notifications, written in the transaction of the change that they tell of.
CREATE TABLE delivery (
  id uuid PRIMARY KEY DEFAULT uuid_v7(),
  task_id uuid,
  batch_id uuid,
  trigger delivery_trigger NOT NULL,
  condition delivery_condition,
  position smallint NOT NULL,    -- among the actions of its trigger
  action bytea NOT NULL,
  origin text NOT NULL,          -- of its action: what is held back goes by it
  status delivery_status NOT NULL DEFAULT 'Pending',
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  next_attempt_at timestamptz,   -- null while it waits for an open on_start
  waits_for_worker uuid,         -- the worker whose on_start of this task is still open
  worker_id uuid,                -- who is delivering it; next_attempt_at is then the end of its lease
  created_at timestamptz NOT NULL,
  retried_at timestamptz,        -- when it was made due again by hand: its age counts from then
  updated_at timestamptz NOT NULL,
  CHECK (num_nonnulls(task_id, batch_id) = 1),
  CHECK ((trigger = 'End') = (condition IS NOT NULL)),
  CHECK ((status = 'Pending' AND waits_for_worker IS NULL) = (next_attempt_at IS NOT NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE UNIQUE INDEX delivery_by_subject ON delivery (coalesce(task_id, batch_id), trigger, position);
CREATE INDEX delivery_due ON delivery (next_attempt_at) INCLUDE (origin) WHERE status = 'Pending';
CREATE INDEX delivery_by_origin ON delivery (origin, next_attempt_at)
  WHERE status = 'Pending' AND next_attempt_at IS NOT NULL;
CREATE INDEX delivery_waiting ON delivery (waits_for_worker) WHERE waits_for_worker IS NOT NULL;
CREATE INDEX delivery_by_age ON delivery (updated_at DESC, id DESC);
CREATE INDEX delivery_by_status ON delivery (status, updated_at DESC, id DESC) WHERE status <> 'Success';

-- Receivers that gave no answer to many calls in a row: there is a row while the breaker is open.
CREATE TABLE origin_breaker (
  origin text PRIMARY KEY,
  opened_at timestamptz NOT NULL,
  probe_at timestamptz NOT NULL  -- when one call of the whole fleet may try again; it moves on when one does
) WITH (fillfactor = 50);

-- One lease per worker process. What it holds is handed back when the lease has run out.
CREATE TABLE worker (
  id uuid PRIMARY KEY,
  host text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  lease_until timestamptz NOT NULL,
  -- As of the last renewal; only to be shown.
  is_full boolean NOT NULL DEFAULT false,         -- it has as many calls of on_start open as it may
  full_origins text[] NOT NULL DEFAULT '{}'       -- receivers that it may open no further call to
) WITH (fillfactor = 50);

-- When each periodic duty last ran, whoever ran it.
CREATE TABLE sweep (
  name text PRIMARY KEY,
  ran_at timestamptz NOT NULL,
  grace_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
