-- Takes due notifications, oldest due first, under a lease: next_attempt_at is its end, so that whatever
-- happens to this worker they become due again. No more for one origin than this worker may open calls to, and
-- none for one whose breaker is open, but for the one call that may probe it.
--
-- p_rooms: {origin: calls that this worker may still open to it}, p_room: to every other origin.
-- leased: [{id, taskId, batchId, trigger, condition, position, attempt, action, origin, ageSecs, isProbe, subject}].
-- more: another round may find more, without anything having changed. held_back: there is more for origins that
-- this worker may open no further calls to; another worker may.
CREATE FUNCTION lease_deliveries(
  p_worker uuid, p_limit integer, p_lease_secs integer, p_rooms json, p_room integer, p_probe_secs integer,
  OUT leased json, OUT more boolean, OUT held_back boolean
)
LANGUAGE plpgsql
-- One plan for each statement: along the index of what is due, and by the ids of what was found there.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  rooms jsonb := p_rooms;       -- read by key for each candidate, which json would be parsed for
  -- What is due first; candidates may be in another worker's hands by now, so there are more than are taken.
  looked_at integer := p_limit * 4;
  found_due integer;
  candidates uuid[];
  probes uuid[] := '{}';
  picked uuid[];
BEGIN
  IF EXISTS (SELECT FROM origin_breaker WHERE probe_at <= now()) THEN
    probes := take_probes(p_limit, p_probe_secs);
  END IF;

  WITH due AS (
    SELECT id, origin, next_attempt_at FROM delivery
    WHERE status = 'Pending' AND next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT looked_at
  ), numbered AS (
    SELECT id, next_attempt_at, row_number() OVER (PARTITION BY origin ORDER BY next_attempt_at, id)
             <= coalesce((rooms ->> origin)::integer, p_room) AS has_room
    FROM due WHERE NOT EXISTS (SELECT FROM origin_breaker b WHERE b.origin = due.origin)
  )
  SELECT (SELECT count(*) FROM due), array_agg(id ORDER BY next_attempt_at) FILTER (WHERE has_room),
         coalesce(bool_or(NOT has_room), false)
  INTO found_due, candidates, held_back FROM numbered;

  -- Slow and dead receivers stand in front: each origin is asked for its first, whatever the others have.
  IF found_due = looked_at AND coalesce(cardinality(candidates), 0) < p_limit THEN
    WITH numbered AS (
      SELECT d.id, d.next_attempt_at, d.nth <= r.room AS has_room
      FROM origin_with_deliveries o
      CROSS JOIN LATERAL (SELECT coalesce((rooms ->> o.origin)::integer, p_room) AS room) r
      CROSS JOIN LATERAL (
        SELECT id, next_attempt_at, row_number() OVER (ORDER BY next_attempt_at, id) AS nth FROM (
          SELECT id, next_attempt_at FROM delivery
          WHERE status = 'Pending' AND origin = o.origin AND next_attempt_at <= now()
          ORDER BY next_attempt_at LIMIT least(greatest(r.room, 0) + 1, p_limit)) first_due) d
    )
    SELECT array_agg(id ORDER BY next_attempt_at) FILTER (WHERE has_room),
           held_back OR coalesce(bool_or(NOT has_room), false)
    INTO candidates, held_back FROM numbered;
  END IF;

  SELECT coalesce(array_agg(id), '{}') INTO picked FROM (
    -- As text, so that only their ids lead to them: by the index of what is due it would come to reading all of that.
    SELECT id FROM delivery
    WHERE id = ANY (candidates) AND status::text = 'Pending' AND next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT p_limit - cardinality(probes) FOR UPDATE SKIP LOCKED) held;
  -- An origin that a claim round looks at just now may be left to notifications by it.
  more := cardinality(picked) < coalesce(cardinality(candidates), 0) OR EXISTS (SELECT FROM origin_to_probe);

  WITH taken AS (
    UPDATE delivery d
    SET attempts = d.attempts + 1, worker_id = p_worker,
        next_attempt_at = now() + make_interval(secs => p_lease_secs)
    WHERE d.id = ANY (picked || probes)
    RETURNING d.*
  )
  SELECT coalesce(json_agg(json_build_object(
    'id', t.id, 'taskId', t.task_id, 'batchId', t.batch_id, 'trigger', t.trigger, 'condition', t.condition,
    'position', t.position, 'attempt', t.attempts, 'action', encode(t.action, 'hex'), 'origin', t.origin,
    'ageSecs', extract(epoch FROM now() - coalesce(t.retried_at, t.created_at)), 'isProbe', t.id = ANY (probes),
    -- What the reserved key of the body tells. Terminal tasks and finished batches never change.
    'subject', CASE WHEN t.task_id IS NOT NULL
      THEN (SELECT json_build_object('status', s.status, 'ended_at', rfc3339(s.ended_at), 'attempt', s.attempt)
            FROM task_state s WHERE s.id = t.task_id)
      ELSE (SELECT json_build_object('status_counts', b.status_counts, 'completed_at', rfc3339(b.completed_at))
            FROM batch b WHERE b.id = t.batch_id) END) ORDER BY t.created_at, t.id), '[]')
  INTO leased FROM taken t;
END $$;

-- Records how attempts ended; only the attempt that holds the lease counts.
-- p_items: [{id, attempt, outcome: 'Success' | 'Exhausted' | 'Pending', error?, retry_in_secs?, is_unused?}]. An
-- unused attempt does not count: it was not begun, or probed an open breaker without an answer.
CREATE FUNCTION record_deliveries(p_worker uuid, p_items json) RETURNS uuid[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
AS $$
DECLARE
  wanted uuid[];
  recorded uuid[];
BEGIN
  SELECT array_agg(i.id) INTO wanted FROM json_to_recordset(p_items) AS i (id uuid);
  PERFORM FROM delivery WHERE id = ANY (wanted) ORDER BY id FOR UPDATE;
  WITH changed AS (
    UPDATE delivery d
    SET status = i.outcome, last_error = coalesce(i.error, d.last_error), worker_id = NULL, updated_at = now(),
        attempts = d.attempts - CASE WHEN i.is_unused THEN 1 ELSE 0 END,
        next_attempt_at = CASE WHEN i.outcome = 'Pending' THEN now() + make_interval(secs => i.retry_in_secs) END
    FROM json_to_recordset(p_items)
      AS i (id uuid, attempt integer, outcome delivery_status, error text, retry_in_secs float8, is_unused boolean)
    WHERE d.id = ANY (wanted) AND d.id = i.id
      AND d.status::text = 'Pending' AND d.worker_id = p_worker AND d.attempts = i.attempt
    RETURNING d.id
  )
  SELECT coalesce(array_agg(id), '{}') INTO recorded FROM changed;
  RETURN recorded;
END $$;

-- Makes due again what a living worker holds without knowing it: it was leased, but the answer was lost on its way.
-- The attempt was not begun.
CREATE FUNCTION release_lost_deliveries(p_worker uuid, p_busy uuid[]) RETURNS integer
LANGUAGE sql AS $$
  WITH released AS (
    UPDATE delivery SET attempts = attempts - 1, worker_id = NULL, next_attempt_at = now()
    WHERE id = ANY (ARRAY(
      SELECT id FROM delivery
      WHERE status = 'Pending' AND next_attempt_at > now() AND worker_id = p_worker AND NOT id = ANY (p_busy)
      ORDER BY id FOR UPDATE))
    RETURNING id)
  SELECT count(*)::integer FROM released;
$$;
