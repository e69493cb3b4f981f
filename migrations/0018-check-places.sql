-- What the sweep checks of places and lanes, and mends. Each count must be 0 in any snapshot, so no lock is needed
-- to compare. Of the counts only those of Claimed and Running tasks and of open breakers are compared: they are
-- the ones that starts hang on, and are cheap to count again.
CREATE FUNCTION mend_places(p_period_secs integer, OUT drifted integer, OUT lost_heads integer, OUT stuck_lanes integer)
LANGUAGE plpgsql AS $$
BEGIN
  drifted := 0; lost_heads := 0; stuck_lanes := 0;
  -- Once a period, and one at a time: each of two would mend the same drift.
  INSERT INTO sweep AS s (name, ran_at) VALUES ('places', now())
  ON CONFLICT (name) DO UPDATE SET ran_at = now() WHERE s.ran_at < now() - make_interval(secs => p_period_secs);
  IF NOT FOUND THEN RETURN; END IF;

  -- Running tasks and their work. The correction is a line of the inbox like any other.
  WITH held AS (
    SELECT key, sum(amount) AS amount FROM (
      SELECT key, amount FROM occupancy WHERE measure_of(key) IN (0, 1, 255) AND amount <> 0
      UNION ALL
      SELECT key, amount FROM place_change WHERE measure_of(key) IN (0, 1, 255)) o
    GROUP BY key
  ), live AS (
    SELECT u.key, sum(amount_in(u.key, s.status, remaining_work(s.expected_count, s.success, s.failures))) AS amount
    FROM task_state s CROSS JOIN LATERAL unnest(s.keys) AS u (key)
    WHERE s.status IN ('Claimed', 'Running') AND measure_of(u.key) IN (0, 1)
    GROUP BY u.key
    UNION ALL
    SELECT origin_key(origin), 1 FROM origin_breaker
  ), drift AS (
    SELECT coalesce(h.key, l.key) AS key, coalesce(l.amount, 0) - coalesce(h.amount, 0) AS amount
    FROM held h FULL JOIN live l ON l.key = h.key
  )
  INSERT INTO place_change (key, amount) SELECT key, amount FROM drift WHERE amount <> 0;
  GET DIAGNOSTICS drifted = ROW_COUNT;

  -- The first Pending task of a lane that the lane does not know of, or that is not there. Lanes of tasks are found by
  -- leaps through the index of the queue.
  WITH RECURSIVE used (lane) AS (
    (SELECT lane FROM task_state WHERE status = 'Pending' AND lane IS NOT NULL ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT s.lane FROM task_state s WHERE s.status = 'Pending' AND s.lane > u.lane ORDER BY s.lane LIMIT 1)
    FROM used u WHERE u.lane IS NOT NULL
  ), first_task AS (
    SELECT l.id AS lane, s.*
    FROM (
      SELECT id, rank, created_at, position, head FROM lane
      UNION ALL
      SELECT u.lane, NULL, NULL, NULL, NULL FROM used u
      WHERE u.lane IS NOT NULL AND NOT EXISTS (SELECT FROM lane l WHERE l.id = u.lane)) l
    CROSS JOIN LATERAL (
      SELECT -t.priority AS rank, t.created_at, t.position, t.id FROM task_state t
      WHERE t.lane = l.id AND t.status = 'Pending'
      ORDER BY -t.priority, t.created_at, t.position, t.id LIMIT 1) s
    WHERE l.head IS NULL OR (s.rank, s.created_at, s.position, s.id) < (l.rank, l.created_at, l.position, l.head)
  )
  INSERT INTO arrived (lane, rank, created_at, position, id)
  SELECT * FROM first_task f WHERE NOT EXISTS (
    SELECT FROM arrived a WHERE a.lane = f.lane
      AND (a.rank, a.created_at, a.position, a.id) <= (f.rank, f.created_at, f.position, f.id));
  GET DIAGNOSTICS lost_heads = ROW_COUNT;

  -- Parked under a key that has room, and nobody was told. occupancy belongs to the round, so its lock.
  IF EXISTS (
    SELECT FROM lane l LEFT JOIN occupancy o ON o.key = l.parked_key
    WHERE l.parked_ceiling > coalesce(o.amount, 0) AND o.is_reopened IS NOT TRUE
  ) THEN
    PERFORM pg_advisory_xact_lock(round_lock_key());
    UPDATE lane l SET parked_key = NULL, parked_ceiling = NULL
    WHERE l.parked_key IS NOT NULL AND NOT EXISTS (
      SELECT FROM occupancy o WHERE o.key = l.parked_key AND (o.amount >= l.parked_ceiling OR o.is_reopened));
    GET DIAGNOSTICS stuck_lanes = ROW_COUNT;
  END IF;
  PERFORM prune_places();
END $$;

-- Forgets ways to look at tasks (shapes) that no rule of an unfinished task uses, when a kind has come close to the 32
-- that it may have. Tasks that count in such a key go on counting in it; that is right whether the shape comes back or
-- not.
CREATE FUNCTION prune_shapes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM shape GROUP BY kind HAVING count(*) > 16) THEN RETURN; END IF;
  INSERT INTO sweep AS s (name, ran_at) VALUES ('shapes', now())
  ON CONFLICT (name) DO UPDATE SET ran_at = now() WHERE s.ran_at < now() - interval '1 hour';
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM shape s WHERE is_counted AND NOT EXISTS (
    SELECT FROM (
      SELECT DISTINCT t.rules FROM batch b JOIN task_state t ON t.batch_id = b.id
      WHERE b.completed_at IS NULL AND t.rules IS NOT NULL AND NOT is_terminal(t.status)) used
    JOIN rule_set r ON r.hash = used.rules
    CROSS JOIN LATERAL jsonb_to_recordset(r.needs) AS n (measure integer, kind text, fields text[])
    WHERE n.kind = s.kind AND n.measure = s.measure AND n.fields = s.fields);
END $$;

-- Takes away what is not needed now: lanes that have been empty for long, keys that hold nothing, breakers that
-- nothing has waited for long enough to probe them, and ways to look for duplicates that no request has used for a day.
-- Only tries: what it would wait for is never more than a moment, and it comes again.
CREATE FUNCTION prune_places() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(round_lock_key()) OR NOT pg_try_advisory_xact_lock(shapes_lock_key()) THEN
    RETURN;
  END IF;
  PERFORM prune_shapes();
  DELETE FROM dedupe_shape WHERE used_at < now() - interval '1 day';
  DELETE FROM lane l
  WHERE l.head IS NULL AND l.empty_since < now() - interval '10 minutes'
    AND NOT EXISTS (SELECT FROM arrived a WHERE a.lane = l.id);
  PERFORM close_breaker(origin) FROM origin_breaker WHERE probe_at < now() - interval '1 hour';
  DELETE FROM occupancy o
  WHERE o.amount = 0 AND NOT o.is_reopened AND NOT EXISTS (SELECT FROM lane l WHERE l.parked_key = o.key);
END $$;
