-- Fails Running tasks whose last_updated is older than their timeout, or begins their next attempt. check_at only says
-- when to look: a task that has shown life since is looked at again when its time would be up, so that progress never
-- writes into the index. last_updated is left as it was.
-- p_only: this task alone; null: the first that are due.
CREATE FUNCTION time_out_tasks(
  p_limit integer, p_cascade_limit integer, p_dead_ends boolean, p_only uuid,
  OUT looked_at integer, OUT retried uuid[], OUT retried_kinds text[], OUT retry_secs float8[], OUT ended uuid[],
  OUT kinds text[], OUT seconds float8[], OUT released integer, OUT freed boolean, OUT failed integer,
  OUT canceled integer, OUT notified integer, OUT completed integer, OUT unfinished integer, OUT ended_from json
)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  candidate record;
  due uuid[] := '{}';
  started timestamptz[];
  at timestamptz;
  is_room boolean := false;     -- what is retried may have freed a place
BEGIN
  retried := '{}'; retried_kinds := '{}'; retry_secs := '{}';
  ended := '{}'; kinds := '{}'; seconds := '{}';
  released := 0; freed := false; failed := 0; canceled := 0; notified := 0; completed := 0; unfinished := 0;
  ended_from := '[]';
  -- Batch locks before rows. A batch that is being cascaded through is looked at next time.
  FOR candidate IN
    SELECT batch_id, array_agg(id) AS ids FROM (
      SELECT id, batch_id FROM task_state
      WHERE status = 'Running' AND check_at <= now() AND (p_only IS NULL OR id = p_only)
      ORDER BY check_at LIMIT p_limit) overdue
    GROUP BY batch_id ORDER BY batch_id
  LOOP
    IF pg_try_advisory_xact_lock(batch_lock_key(candidate.batch_id)) THEN
      due := due || candidate.ids;
    END IF;
  END LOOP;
  looked_at := cardinality(due);
  IF due = '{}' THEN RETURN; END IF;

  SELECT coalesce(array_agg(id), '{}') INTO due FROM (
    SELECT id FROM task_state
    WHERE id = ANY (due) AND status = 'Running' AND check_at <= now()
    ORDER BY id FOR UPDATE SKIP LOCKED) locked;

  UPDATE task_state SET check_at = last_updated + make_interval(secs => timeout_secs)
  WHERE id = ANY (due) AND last_updated + make_interval(secs => timeout_secs) > now();

  at := clock_timestamp();
  SELECT coalesce(array_agg(s.id), '{}'), array_agg(t.kind), array_agg(s.started_at) INTO retried, retried_kinds, started
  FROM task_state s JOIN task t ON t.id = s.id
  WHERE s.id = ANY (due) AND s.last_updated + make_interval(secs => s.timeout_secs) <= now()
    AND is_retried(s, t.retry, 'timeout');
  IF retried <> '{}' THEN
    PERFORM begin_attempts(
      retried, array_fill('Timeout'::text, ARRAY[cardinality(retried)]), started,
      array_fill(0::bigint, ARRAY[cardinality(retried)]), array_fill(0::bigint, ARRAY[cardinality(retried)]), at);
    SELECT array_agg(extract(epoch FROM s.backoff_until - at) ORDER BY r.n),
           bool_or(s.keys IS NOT NULL)
    INTO retry_secs, is_room
    FROM unnest(retried) WITH ORDINALITY AS r (id, n) JOIN task_state s ON s.id = r.id;
  END IF;

  WITH failed_now AS (
    UPDATE task_state
    SET status = 'Failure', failure_reason = 'Timeout', ended_at = clock_timestamp(), check_at = NULL
    WHERE id = ANY (due) AND NOT id = ANY (retried) AND last_updated + make_interval(secs => timeout_secs) <= now()
    RETURNING id, started_at, ended_at
  )
  SELECT array_agg(f.id), array_agg(t.kind), array_agg(extract(epoch FROM f.ended_at - f.started_at))
  INTO ended, kinds, seconds FROM failed_now f JOIN task t ON t.id = f.id;
  IF ended IS NULL THEN
    ended := '{}'; kinds := '{}'; seconds := '{}'; freed := is_room;
    PERFORM touch_batches(retried, at);
    RETURN;
  END IF;

  SELECT e.released, e.freed OR is_room, e.failed, e.canceled, e.notified, e.completed, e.unfinished, e.ended_from
  INTO released, freed, failed, canceled, notified, completed, unfinished, ended_from
  FROM settle_ends(ended, '{}', '{}', clock_timestamp(), p_cascade_limit, false, p_dead_ends) e;
  PERFORM touch_batches(retried, at);
END $$;
