-- Adds to counters. p_items: [{id, success, failures, attempt?}], an id once; of another attempt than the current one it
-- is dropped. Terminal and unknown tasks drop it; what somebody else has locked is returned as busy unless p_wait.
-- Counters stay at their largest value. freed: the progress may make room under a capacity rule.
CREATE FUNCTION add_progress(p_items json, p_wait boolean, OUT busy uuid[], OUT freed boolean)
LANGUAGE plpgsql
SET lock_timeout = '3s' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
AS $$
DECLARE
  wanted uuid[];
  held uuid[];
  changed_tasks uuid[];
  at timestamptz := clock_timestamp();
BEGIN
  SELECT array_agg(i.id) INTO wanted FROM json_to_recordset(p_items) AS i (id uuid);
  IF p_wait THEN
    SELECT array_agg(id) INTO held FROM (
      SELECT id FROM task_state WHERE id = ANY (wanted) ORDER BY id FOR UPDATE) locked;
  ELSE
    SELECT array_agg(id) INTO held FROM (
      SELECT id FROM task_state WHERE id = ANY (wanted) ORDER BY id FOR UPDATE SKIP LOCKED) locked;
  END IF;

  WITH changed AS (
    UPDATE task_state s
    SET success = least(s.success::bigint + i.success, 2147483647),
        failures = least(s.failures::bigint + i.failures, 2147483647),
        last_updated = clock_timestamp()
    FROM json_to_recordset(p_items) AS i (id uuid, success bigint, failures bigint, attempt integer)
    WHERE s.id = i.id AND s.id = ANY (held) AND NOT is_terminal(s.status)
      AND (i.attempt IS NULL OR i.attempt = s.attempt)
    RETURNING s.id, s.keys
  )
  SELECT coalesce(bool_or(EXISTS (SELECT FROM unnest(keys) AS u (key) WHERE measure_of(key) = 1)), false),
         coalesce(array_agg(id), '{}')
  INTO freed, changed_tasks FROM changed;
  PERFORM touch_batches(changed_tasks, at);

  busy := '{}';
  IF held IS NULL OR cardinality(held) < cardinality(wanted) THEN
    SELECT coalesce(array_agg(s.id), '{}') INTO busy
    FROM task_state s WHERE s.id = ANY (wanted) AND (held IS NULL OR NOT s.id = ANY (held));
  END IF;
END $$;

-- Changes a task that has not ended. p_changes: {attempt?, new_success?, new_failures?, expected_count?, priority?,
-- metadata? (JSON text)}. Returns the status and attempt it has: a terminal one, or another attempt than the one that is
-- spoken of, means that nothing was changed. It may start or make room for others now, when it has a place in the queue
-- or under a rule.
CREATE FUNCTION update_task(
  p_id uuid, p_changes json, OUT status task_status, OUT attempt smallint, OUT changed boolean, OUT freed boolean
)
LANGUAGE plpgsql
SET lock_timeout = '3s' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  moves boolean := p_changes ->> 'metadata' IS NOT NULL OR p_changes ->> 'expected_count' IS NOT NULL;
BEGIN
  IF moves THEN PERFORM pg_advisory_xact_lock_shared(shapes_lock_key()); END IF;
  SELECT s.status, s.attempt INTO status, attempt FROM task_state s WHERE s.id = p_id FOR UPDATE;
  changed := FOUND AND NOT is_terminal(status) AND coalesce((p_changes ->> 'attempt')::integer, attempt) = attempt;
  freed := false;
  IF NOT changed THEN RETURN; END IF;
  UPDATE task_state s
  SET success = least(s.success::bigint + coalesce((p_changes ->> 'new_success')::bigint, 0), 2147483647),
      failures = least(s.failures::bigint + coalesce((p_changes ->> 'new_failures')::bigint, 0), 2147483647),
      expected_count = coalesce((p_changes ->> 'expected_count')::integer, s.expected_count),
      priority = coalesce((p_changes ->> 'priority')::smallint, s.priority),
      last_updated = clock_timestamp()
  WHERE s.id = p_id
  RETURNING s.status = 'Pending' OR s.keys IS NOT NULL INTO freed;
  IF p_changes ->> 'metadata' IS NOT NULL THEN
    UPDATE task SET metadata = (p_changes ->> 'metadata')::jsonb WHERE id = p_id;
  END IF;
  IF moves THEN
    PERFORM place_tasks(ARRAY[p_id]);
  ELSIF p_changes ->> 'priority' IS NOT NULL THEN
    PERFORM announce_arrivals(ARRAY[p_id]);
  END IF;
  PERFORM touch_batches(ARRAY[p_id], clock_timestamp());
END $$;
