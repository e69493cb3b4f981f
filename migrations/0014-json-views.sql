-- What the API answers, built where the rows are and passed through as text: digits of large integers stay,
-- and no row is taken apart only to be put together again.

CREATE FUNCTION basic_task_json(t task, s task_state) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT row_to_json(r) FROM (
  SELECT t.id, t.name, t.kind, s.status, rfc3339(t.created_at) AS created_at, rfc3339(s.started_at) AS started_at,
         s.success, s.failures, s.expected_count, rfc3339(s.ended_at) AS ended_at, t.batch_id,
         t.dead_end_barrier, s.priority) r);

-- Text is put together by hand: jsonb would reorder what the user gave, and members that were not given stay out.
CREATE FUNCTION action_json(p_hash bytea, p_trigger text, p_condition text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT (
    '{"kind":' || to_json(a.kind) || ',"trigger":' || to_json(p_trigger)
    || coalesce(',"condition":' || to_json(p_condition), '')
    || ',"params":{"url":' || to_json(a.url) || ',"verb":' || to_json(a.verb)
    || coalesce(',"body":' || a.body::text, '') || coalesce(',"headers":' || a.headers::text, '') || '}}')::json
  FROM action a WHERE a.hash = p_hash);

CREATE FUNCTION task_json(t task, s task_state) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT row_to_json(r) FROM (
  SELECT t.id, t.name, t.kind, s.status, rfc3339(t.created_at) AS created_at, rfc3339(s.started_at) AS started_at,
         s.success, s.failures, s.expected_count, rfc3339(s.ended_at) AS ended_at, t.batch_id,
         t.dead_end_barrier, s.priority,
         t.timeout_secs AS timeout,
         coalesce((SELECT r.rules FROM rule_set r WHERE r.hash = s.rules), '[]') AS rules, t.metadata, (
           SELECT json_agg(action_json(a.hash, a.trigger, a.condition) ORDER BY a.part, a.n)
           FROM (
             SELECT t.on_start AS hash, 'Start' AS trigger, NULL AS condition, 1 AS part, 1 AS n
             UNION ALL
             SELECT hash, 'End', 'Success', 2, n FROM unnest(t.on_success) WITH ORDINALITY AS u (hash, n)
             UNION ALL
             SELECT hash, 'End', 'Failure', 3, n FROM unnest(t.on_failure) WITH ORDINALITY AS u (hash, n)
             UNION ALL
             SELECT s.cancel_action, 'Cancel', NULL, 4, 1 WHERE s.cancel_action IS NOT NULL
           ) a) AS actions,
         rfc3339(s.last_updated) AS last_updated, s.failure_reason) r);

-- How many tasks of a batch are in each state: of a live batch from the index, of a finished one from its row.
CREATE FUNCTION batch_counts_json(b batch) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT row_to_json(r) FROM (
  SELECT coalesce((c.counts ->> 'Waiting')::integer, 0) AS waiting,
         coalesce((c.counts ->> 'Pending')::integer, 0) AS pending,
         coalesce((c.counts ->> 'Claimed')::integer, 0) AS claimed,
         coalesce((c.counts ->> 'Running')::integer, 0) AS running,
         coalesce((c.counts ->> 'Success')::integer, 0) AS success,
         coalesce((c.counts ->> 'Failure')::integer, 0) AS failure,
         coalesce((c.counts ->> 'Paused')::integer, 0) AS paused,
         coalesce((c.counts ->> 'Canceled')::integer, 0) AS canceled
  FROM (
    SELECT coalesce(b.status_counts, (
      SELECT jsonb_object_agg(n.status, n.count)
      FROM (SELECT s.status, count(*) FROM task_state s WHERE s.batch_id = b.id GROUP BY s.status) n
    )) AS counts) c) r);
