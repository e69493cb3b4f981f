-- Why a task has not started, or what it is doing: the facts; the domain package makes the explanation of them
-- (packages/domain/src/explain.ts). Everything is read in one snapshot, and a bounded number of rows, however many
-- tasks there are: that costs some completeness, said below.

-- What holds a rule's places: up to 10 of the tasks that count in the key. There is no index on keys, since each
-- transition of a task would write into it. So the batch of the task that asks is looked through first, then up to
-- 5,000 tasks of the others that are Claimed or Running, or Pending: among more, some holders are not found.
CREATE FUNCTION holders_of_key(p_key uuid, p_task uuid, p_batch uuid) RETURNS json
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET jit = off
AS $$
DECLARE
  statuses task_status[] := ARRAY(
    SELECT status FROM unnest(enum_range(NULL::task_status)) AS u (status) WHERE amount_in(p_key, status, 1) <> 0);
  found uuid[];
BEGIN
  found := ARRAY(
    SELECT id FROM task_state
    WHERE batch_id = p_batch AND status = ANY (statuses) AND p_key = ANY (keys) AND id <> p_task LIMIT 10);
  IF cardinality(found) < 10 AND statuses && '{Claimed,Running}' THEN
    found := found || ARRAY(
      SELECT id FROM (
        SELECT id, keys FROM task_state
        WHERE status IN ('Claimed', 'Running') AND status = ANY (statuses) LIMIT 5000) looked_at
      WHERE p_key = ANY (keys) AND NOT id = ANY (found || p_task) LIMIT 10 - cardinality(found));
  ELSIF cardinality(found) < 10 AND statuses && '{Pending}' THEN
    found := found || ARRAY(
      SELECT id FROM (SELECT id, keys FROM task_state WHERE status = 'Pending' LIMIT 5000) looked_at
      WHERE p_key = ANY (keys) AND NOT id = ANY (found || p_task) LIMIT 10 - cardinality(found));
  END IF;
  RETURN (
    SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'kind', t.kind, 'status', s.status)
                             ORDER BY s.started_at, s.created_at, s.position, s.id), '[]')
    FROM unnest(found) AS f (id) JOIN task t ON t.id = f.id JOIN task_state s ON s.id = f.id);
END $$;

-- How many tasks come before this one in the queue of a key: those of its own lane, and of the lanes that are parked
-- under the key. Counts up to 5,001.
CREATE FUNCTION count_before(s task_state, p_key uuid) RETURNS integer
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET jit = off
AS $$
  WITH lanes AS (
    SELECT s.lane AS id
    UNION
    SELECT id FROM (
      SELECT l.id FROM lane l
      WHERE l.parked_key = p_key
        AND (l.rank, l.created_at, l.position, l.head) < (-s.priority, s.created_at, s.position, s.id)
      ORDER BY l.rank, l.created_at, l.position, l.head LIMIT 5000) parked
  )
  SELECT count(*)::integer FROM (
    SELECT FROM lanes l CROSS JOIN LATERAL (
      SELECT FROM task_state t
      WHERE t.lane = l.id AND t.status = 'Pending'
        AND (-t.priority, t.created_at, t.position, t.id) < (-s.priority, s.created_at, s.position, s.id)
      LIMIT 5001) ahead
    LIMIT 5001) counted;
$$;

-- A rule of an open task: the fields that its metadata lacks, and for a Pending task how much is counted besides it,
-- whether that is not all yet, who holds it, and how many wait before it.
CREATE FUNCTION rule_facts(t task, s task_state, p_rule json, p_need jsonb) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
  missing text[] := ARRAY(
    SELECT field FROM jsonb_array_elements_text(p_need -> 'fields') AS f (field)
    WHERE t.metadata -> field IS NULL);
  is_uncounted boolean := (p_need ->> 'measure')::integer = 1 AND s.expected_count IS NULL;
  needed uuid;
  ceiling bigint;
  amount bigint;
  own bigint := 0;
BEGIN
  IF missing <> '{}' OR is_uncounted OR s.status <> 'Pending' THEN
    RETURN json_build_object('rule', p_rule, 'missing_fields', missing, 'is_uncounted', is_uncounted);
  END IF;
  SELECT keys[1], ceilings[1] INTO needed, ceiling
  FROM task_needs(jsonb_build_array(p_need), t.kind, t.metadata, s.expected_count);
  -- What rounds have not folded in yet belongs to it; they do so at once, unless no worker is alive.
  SELECT coalesce((SELECT o.amount FROM occupancy o WHERE o.key = needed), 0)
       + coalesce((SELECT sum(c.amount) FROM (SELECT * FROM place_change LIMIT 5000) c WHERE c.key = needed), 0)
  INTO amount;
  IF needed = ANY (s.keys) THEN
    own := amount_in(needed, s.status, remaining_work(s.expected_count, s.success, s.failures));
  END IF;
  RETURN json_build_object(
    'rule', p_rule, 'missing_fields', missing, 'is_uncounted', false,
    'occupancy', amount - own, 'is_full', amount >= ceiling,
    'is_being_counted', EXISTS (
      SELECT FROM jsonb_to_record(p_need) AS n (measure integer, kind text, fields text[])
      JOIN shape h ON h.id = shape_id(n.measure, n.kind, n.fields) WHERE NOT h.is_counted),
    'holders', CASE WHEN amount >= ceiling THEN holders_of_key(needed, s.id, s.batch_id) END,
    'before', CASE WHEN amount >= ceiling AND s.lane IS NOT NULL THEN count_before(s, needed) END);
END $$;

-- Open parents, the first 10 in the order of the request, those among them whose end is still on its way down too.
CREATE FUNCTION open_parents_json(p_task uuid) RETURNS json
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
  SELECT coalesce(json_agg(json_build_object(
    'id', t.id, 'name', t.name, 'kind', t.kind, 'status', p.status, 'requires_success', p.requires_success)
    ORDER BY t.position), '[]')
  FROM (
    SELECT s.id, s.status, l.requires_success FROM link l JOIN task_state s ON s.id = l.parent_id
    WHERE l.child_id = p_task
      AND (NOT is_terminal(s.status)
        OR EXISTS (SELECT FROM propagation r WHERE r.task_id = s.id AND NOT r.upward))
    ORDER BY s.position LIMIT 10) p
  JOIN task t ON t.id = p.id;
$$;

-- The facts about a task, from the archive too; null when there is none.
CREATE FUNCTION explain_task(p_id uuid) RETURNS json
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
  t task;
  s task_state;
BEGIN
  SELECT * INTO t FROM task WHERE id = p_id;
  SELECT * INTO s FROM task_state WHERE id = p_id;
  IF t.id IS NULL OR s.id IS NULL THEN
    RETURN (SELECT json_build_object('status', status, 'ended_at', content -> 'ended_at',
                                     'failure_reason', content -> 'failure_reason')
            FROM archived_task WHERE id = p_id);
  END IF;
  CASE s.status
    WHEN 'Success', 'Failure', 'Canceled' THEN
      RETURN json_build_object('status', s.status, 'ended_at', rfc3339(s.ended_at), 'failure_reason', s.failure_reason);
    WHEN 'Claimed' THEN
      RETURN json_build_object(
        'status', s.status, 'claimed_at', rfc3339(s.check_at), 'worker_id', s.worker_id,
        'is_worker_alive', EXISTS (SELECT FROM worker w WHERE w.id = s.worker_id AND w.lease_until >= now()));
    WHEN 'Running' THEN
      RETURN json_build_object(
        'status', s.status, 'started_at', rfc3339(s.started_at),
        'times_out_at', rfc3339(s.last_updated + make_interval(secs => s.timeout_secs)));
    ELSE
      RETURN json_build_object(
        'status', s.status, 'kind', t.kind, 'open_parents', s.open_parents,
        'parents', CASE WHEN s.open_parents > 0 THEN open_parents_json(p_id) ELSE '[]' END,
        'rules', coalesce((
          SELECT json_agg(rule_facts(t, s, e.rule, r.needs -> (e.n - 1)::integer) ORDER BY e.n)
          FROM rule_set r CROSS JOIN LATERAL json_array_elements(r.rules) WITH ORDINALITY AS e (rule, n)
          WHERE r.hash = s.rules), '[]'),
        'breaker', (
          SELECT json_build_object('origin', b.origin, 'probe_at', rfc3339(b.probe_at))
          FROM action a JOIN origin_breaker b ON b.origin = a.origin WHERE a.hash = t.on_start),
        'has_workers', EXISTS (SELECT FROM worker WHERE lease_until >= now()),
        'are_workers_full', coalesce((SELECT bool_and(is_full) FROM worker WHERE lease_until >= now()), false),
        'full_origin', (
          SELECT a.origin FROM action a
          WHERE a.hash = t.on_start AND NOT EXISTS (
            SELECT FROM worker w
            WHERE w.lease_until >= now() AND NOT w.is_full AND NOT a.origin = ANY (w.full_origins))),
        'backoff', CASE WHEN s.backoff_until > clock_timestamp() THEN json_build_object(
          'attempt', s.attempt, 'max_attempts', s.max_attempts, 'next_attempt_at', rfc3339(s.backoff_until),
          'failure_reason', s.failure_reason) END);
  END CASE;
END $$;
