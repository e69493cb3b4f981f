-- What the API answers, built where the rows are and passed through as text: digits of large integers stay,
-- and no row is taken apart only to be put together again.

-- A task as lists and graphs show it.
CREATE TYPE basic_task AS (
  id uuid, name text, kind text, status task_status, created_at text, started_at text, success integer, failures integer,
  expected_count integer, ended_at text, batch_id uuid, dead_end_barrier boolean, priority smallint,
  attempt smallint, max_attempts smallint, rerun_of uuid
);

-- No SELECT in it, so that it becomes part of the statement: a call for each of a thousand rows would cost more than the
-- rest. A row, not json_build_object, which puts spaces round its colons.
CREATE FUNCTION basic_task_json(t task, s task_state) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN row_to_json(ROW(
  t.id, t.name, t.kind, s.status, rfc3339(t.created_at), rfc3339(s.started_at), s.success, s.failures,
  s.expected_count, rfc3339(s.ended_at), t.batch_id, t.dead_end_barrier, s.priority,
  s.attempt, s.max_attempts, t.rerun_of)::basic_task);

-- Text is put together by hand: jsonb would reorder what the user gave, and members that were not given stay out.
CREATE FUNCTION action_json(p_hash bytea, p_trigger text, p_condition text, p_failures integer, p_error text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT (
    '{"kind":' || to_json(a.kind) || ',"trigger":' || to_json(p_trigger)
    || coalesce(',"condition":' || to_json(p_condition), '')
    || ',"params":{"url":' || to_json(a.url) || ',"verb":' || to_json(a.verb)
    || coalesce(',"body":' || a.body::text, '') || coalesce(',"headers":' || a.headers::text, '') || '}'
    || CASE WHEN a.max_attempts IS NULL AND a.backoff_secs IS NULL THEN ''
         ELSE ',"retry":' || json_strip_nulls(json_build_object(
           'max_attempts', a.max_attempts, 'backoff_secs', a.backoff_secs)) END
    || ',"failure_count":' || p_failures || ',"last_error":' || coalesce(to_json(p_error)::text, 'null') || '}')::json
  FROM action a WHERE a.hash = p_hash);

-- Attempts that are over, the last one too once the task has ended.
CREATE FUNCTION attempts_json(s task_state) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT coalesce(json_agg(json_build_object(
    'attempt', a.attempt, 'started_at', rfc3339(a.started_at), 'ended_at', rfc3339(a.ended_at), 'status', a.status,
    'failure_reason', a.failure_reason, 'success', a.success, 'failures', a.failures) ORDER BY a.attempt), '[]')
  FROM (
    SELECT attempt, started_at, ended_at, 'Failure'::task_status AS status, failure_reason, success, failures
    FROM task_attempt WHERE task_id = s.id
    UNION ALL
    SELECT s.attempt, s.started_at, s.ended_at, s.status, s.failure_reason, s.success, s.failures
    WHERE is_terminal(s.status) AND s.max_attempts > 1) a);

CREATE FUNCTION task_json(t task, s task_state, p_actions json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT row_to_json(r) FROM (
  SELECT t.id, t.name, t.kind, s.status, rfc3339(t.created_at) AS created_at, rfc3339(s.started_at) AS started_at,
         s.success, s.failures, s.expected_count, rfc3339(s.ended_at) AS ended_at, t.batch_id,
         t.dead_end_barrier, s.priority, s.attempt, s.max_attempts, t.rerun_of,
         t.timeout_secs AS timeout,
         coalesce((SELECT r.rules FROM rule_set r WHERE r.hash = s.rules), '[]') AS rules, t.metadata,
         p_actions AS actions, rfc3339(s.last_updated) AS last_updated, s.failure_reason,
         t.retry, CASE WHEN NOT is_terminal(s.status) THEN rfc3339(s.backoff_until) END AS next_attempt_at,
         attempts_json(s) AS attempts) r);

-- With how often each has failed: a call that is open has not, one that succeeded did before.
CREATE FUNCTION task_actions_json(t task, s task_state) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT json_agg(action_json(
    a.hash, a.trigger, a.condition, coalesce(f.failures, d.failures, 0), coalesce(f.last_error, d.last_error))
    ORDER BY a.part, a.n)
  FROM (
    SELECT t.on_start AS hash, 'Start' AS trigger, NULL AS condition, 1 AS part, 1 AS n
    UNION ALL
    SELECT hash, 'End', 'Success', 2, n FROM unnest(t.on_success) WITH ORDINALITY AS u (hash, n)
    UNION ALL
    SELECT hash, 'End', 'Failure', 3, n FROM unnest(t.on_failure) WITH ORDINALITY AS u (hash, n)
    UNION ALL
    SELECT s.cancel_action, 'Cancel', NULL, 4, 1 WHERE s.cancel_action IS NOT NULL
  ) a
  LEFT JOIN start_failure f ON f.task_id = t.id AND a.trigger = 'Start'
  LEFT JOIN LATERAL (
    SELECT greatest(0, d.attempts - (d.status = 'Success' OR d.worker_id IS NOT NULL)::integer) AS failures, d.last_error
    FROM delivery d
    WHERE coalesce(d.task_id, d.batch_id) = t.id AND d.trigger = a.trigger::delivery_trigger AND d.position = a.n - 1
      AND d.condition IS NOT DISTINCT FROM a.condition::delivery_condition) d ON a.trigger <> 'Start');

CREATE TYPE status_counts AS (
  waiting integer, pending integer, claimed integer, running integer,
  success integer, failure integer, paused integer, canceled integer
);

CREATE FUNCTION counts_json(p_counts jsonb) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN row_to_json(ROW(
  coalesce((p_counts ->> 'Waiting')::integer, 0), coalesce((p_counts ->> 'Pending')::integer, 0),
  coalesce((p_counts ->> 'Claimed')::integer, 0), coalesce((p_counts ->> 'Running')::integer, 0),
  coalesce((p_counts ->> 'Success')::integer, 0), coalesce((p_counts ->> 'Failure')::integer, 0),
  coalesce((p_counts ->> 'Paused')::integer, 0), coalesce((p_counts ->> 'Canceled')::integer, 0))::status_counts);

-- How many tasks of a batch are in each state: of a live batch from the index, of a finished one from its row. OFFSET
-- keeps it from being worked out for each state anew.
CREATE FUNCTION batch_counts_json(b batch) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT counts_json(c.counts) FROM (
  SELECT coalesce(b.status_counts, (
    SELECT jsonb_object_agg(n.status, n.count)
    FROM (SELECT s.status, count(*) FROM task_state s WHERE s.batch_id = b.id GROUP BY s.status) n
  )) AS counts OFFSET 0) c);

-- The batches in which tasks of this one ran again, the latest ones, newest first.
CREATE FUNCTION reruns_json(p_batch uuid) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT coalesce(json_agg(r.id), '[]') FROM (
  SELECT id FROM batch WHERE rerun_of = p_batch ORDER BY created_at DESC LIMIT 20) r);

-- Totals and status counts of a batch. The sum of expected counts is told only when every task has one.
CREATE FUNCTION batch_summary_json(b batch) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT json_build_object(
    'batch_id', b.id, 'total_tasks', b.total_tasks,
    'total_success', coalesce(t.success, 0), 'total_failures', coalesce(t.failures, 0),
    'total_expected', CASE WHEN t.unknown = 0 THEN t.expected END,
    'status_counts', batch_counts_json(b), 'rerun_of', b.rerun_of, 'reruns', reruns_json(b.id))
  FROM (
    SELECT sum(s.success) AS success, sum(s.failures) AS failures, coalesce(sum(s.expected_count), 0) AS expected,
           count(*) FILTER (WHERE s.expected_count IS NULL) AS unknown
    FROM task_state s WHERE s.batch_id = b.id) t);

-- The fields of a BasicTask, taken from a whole one.
CREATE FUNCTION basic_of_task_json(p_task json) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN json_build_object(
  'id', p_task -> 'id', 'name', p_task -> 'name', 'kind', p_task -> 'kind', 'status', p_task -> 'status',
  'created_at', p_task -> 'created_at', 'started_at', p_task -> 'started_at', 'success', p_task -> 'success',
  'failures', p_task -> 'failures', 'expected_count', p_task -> 'expected_count', 'ended_at', p_task -> 'ended_at',
  'batch_id', p_task -> 'batch_id', 'dead_end_barrier', p_task -> 'dead_end_barrier',
  'priority', p_task -> 'priority', 'attempt', p_task -> 'attempt', 'max_attempts', p_task -> 'max_attempts',
  'rerun_of', p_task -> 'rerun_of');
