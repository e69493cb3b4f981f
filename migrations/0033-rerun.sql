-- Running the tasks of a finished batch again, in a batch of their own.

-- What would run again: {state: 'archived' | 'unfinished' | 'finished', total, tasks: [{id, name, kind, why}], skipped},
-- in the order of the request; null when there is no such batch. In the archive there are no actions to call.
CREATE FUNCTION plan_rerun(p_batch uuid, p_all boolean) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
  b batch;
BEGIN
  SELECT * INTO b FROM batch WHERE id = p_batch;
  IF b.id IS NULL THEN
    RETURN (SELECT json_build_object('state', 'archived', 'total', total_tasks) FROM archived_batch WHERE id = p_batch);
  END IF;
  IF b.completed_at IS NULL THEN RETURN json_build_object('state', 'unfinished', 'total', b.total_tasks); END IF;
  RETURN (
    SELECT json_build_object(
      'state', 'finished', 'total', b.total_tasks,
      'tasks', coalesce(json_agg(json_build_object(
        'id', t.id, 'name', t.name, 'kind', t.kind, 'why', s.status || coalesce(': ' || left(s.failure_reason, 1000), ''))
        ORDER BY t.position) FILTER (WHERE p_all OR s.status <> 'Success'), '[]'),
      'skipped', count(*) FILTER (WHERE NOT (p_all OR s.status <> 'Success')))
    FROM task t JOIN task_state s ON s.id = t.id WHERE t.batch_id = p_batch);
END $$;

-- Creates a batch in which these tasks of a finished one run again: with what they were when they ended, their rules
-- too. What they depended on counts as met when it stays out. created_at is null when the batch has gone meanwhile.
--
-- p_tasks: in topological order, as their ids are; p_new_tasks: the ids of their successors, in the same order.
-- tasks: the new ones as lists show them, in the order of the request.
CREATE FUNCTION rerun_batch(
  p_batch uuid, p_tasks uuid[], p_new_batch uuid, p_new_tasks uuid[], p_traceparent text,
  OUT created_at timestamptz, OUT pending integer, OUT with_parents integer, OUT tasks text
)
LANGUAGE plpgsql AS $$
DECLARE
  b batch;
  new_links json;
  new_tasks json;
  actions json;
  rule_sets json;
BEGIN
  -- Retention leaves it alone for so long.
  SELECT * INTO b FROM batch WHERE id = p_batch AND completed_at IS NOT NULL FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;

  WITH pair AS MATERIALIZED (
    SELECT * FROM unnest(p_tasks, p_new_tasks) AS p (old, new)
  ), kept AS MATERIALIZED (
    SELECT c.new AS child, p.new AS parent, l.requires_success
    FROM pair c JOIN link l ON l.child_id = c.old JOIN pair p ON p.old = l.parent_id
  ), parents AS (
    SELECT child, count(*) AS count FROM kept GROUP BY child
  )
  SELECT
    (SELECT coalesce(json_agg(json_build_object('p', parent, 'c', child, 'r', requires_success)), '[]') FROM kept),
    json_agg(json_build_object(
      'id', c.new, 'position', c.position, 'name', c.name, 'kind', c.kind, 'timeout_secs', c.timeout_secs,
      'priority', c.priority, 'expected_count', c.expected_count, 'dead_end_barrier', c.dead_end_barrier,
      'metadata', c.metadata, 'open_parents', coalesce(p.count, 0), 'on_start', c.on_start::text,
      'on_success', c.on_success::text[], 'on_failure', c.on_failure::text[], 'rules', encode(c.rules, 'hex'),
      'retry', c.retry, 'rerun_of', c.old) ORDER BY c.position),
    count(p.count)
  INTO new_links, new_tasks, with_parents
  FROM (
    SELECT pair.old, pair.new, t.name, t.kind, t.timeout_secs, t.dead_end_barrier, t.metadata, t.on_start, t.on_success,
           t.on_failure, t.retry, s.priority, s.expected_count, s.rules,
           row_number() OVER (ORDER BY t.position) - 1 AS position
    FROM pair JOIN task t ON t.id = pair.old JOIN task_state s ON s.id = pair.old) c
  LEFT JOIN parents p ON p.child = c.new;

  SELECT coalesce(json_agg(json_build_object(
    'hash', a.hash::text, 'url', a.url, 'verb', a.verb, 'headers', a.headers, 'body', a.body, 'origin', a.origin,
    'max_attempts', a.max_attempts, 'backoff_secs', a.backoff_secs)), '[]')
  INTO actions
  FROM action a WHERE a.hash IN (
    SELECT u.hash FROM task t CROSS JOIN LATERAL unnest(t.on_success || t.on_failure || t.on_start) AS u (hash)
    WHERE t.id = ANY (p_tasks)
    UNION ALL
    SELECT unnest(b.on_complete));
  SELECT coalesce(json_agg(json_build_object('hash', encode(r.hash, 'hex'), 'rules', r.rules, 'needs', r.needs)), '[]')
  INTO rule_sets
  FROM rule_set r WHERE r.hash IN (SELECT s.rules FROM task_state s WHERE s.id = ANY (p_tasks));

  SELECT c.created_at, c.pending INTO created_at, pending
  FROM create_batch(
    p_batch => json_build_object(
      'id', p_new_batch, 'posted_as_object', b.posted_as_object, 'scope', b.scope, 'metadata', b.metadata,
      'on_complete', b.on_complete::text[], 'rerun_of', p_batch),
    p_actions => actions, p_rule_sets => rule_sets, p_tasks => new_tasks, p_links => new_links,
    p_traceparent => p_traceparent) c;
  SELECT '[' || string_agg(basic_task_json(t, s)::text, ',' ORDER BY t.position) || ']' INTO tasks
  FROM task t JOIN task_state s ON s.id = t.id WHERE t.id = ANY (p_new_tasks);
END $$;
