-- Records answered on_start calls: Claimed → Running, if the claim still stands. When the task has ended
-- meanwhile, its notifications may now follow, since they waited for this answer; a cancel action that came
-- with it is kept all the same, and called at once when the task was canceled.
--
-- p_items: [{id, claim, cancel_action?}], the action's hash as bytea is written. Rows that somebody else has locked are
-- 'busy' unless p_wait. results: [{id, outcome}] with 'started', 'ended', 'lost' or 'busy'; of what was started also
-- its kind and wait_seconds, the time from Pending to Running.
CREATE FUNCTION start_tasks(
  p_items json, p_wait boolean, OUT results json, OUT notified integer,
  OUT freed boolean -- a rule that counts Claimed tasks may allow now what it did not before
)
LANGUAGE plpgsql
SET lock_timeout = '3s' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
AS $$
DECLARE
  wanted uuid[];
  held uuid[];
  updated timestamptz[];        -- when each of them became Pending
  started uuid[];
  over uuid[] := '{}';
  at timestamptz;
BEGIN
  notified := 0;
  SELECT array_agg(i.id) INTO wanted FROM json_to_recordset(p_items) AS i (id uuid);
  IF p_wait THEN
    SELECT array_agg(id), array_agg(last_updated) INTO held, updated FROM (
      SELECT id, last_updated FROM task_state WHERE id = ANY (wanted) ORDER BY id FOR UPDATE) locked;
  ELSE
    SELECT array_agg(id), array_agg(last_updated) INTO held, updated FROM (
      SELECT id, last_updated FROM task_state WHERE id = ANY (wanted) ORDER BY id FOR UPDATE SKIP LOCKED) locked;
  END IF;
  held := coalesce(held, '{}');
  at := clock_timestamp();

  WITH changed AS (
    UPDATE task_state s
    SET status = 'Running', started_at = at, last_updated = at, worker_id = NULL,
        check_at = at + make_interval(secs => s.timeout_secs),
        cancel_action = i.cancel_action
    FROM json_to_recordset(p_items) AS i (id uuid, claim integer, cancel_action bytea)
    JOIN unnest(held, updated) AS b (id, last_updated) ON b.id = i.id
    WHERE s.id = i.id AND s.id = ANY (held) AND s.status::text = 'Claimed' AND s.claim = i.claim
    RETURNING s.id, s.batch_id, s.keys, extract(epoch FROM at - b.last_updated) AS wait_seconds
  ), touched AS (
    -- As touch_batches does it.
    UPDATE batch SET updated_at = at
    WHERE id = ANY (ARRAY(SELECT b.id FROM batch b
                          WHERE b.id = ANY (ARRAY(SELECT DISTINCT batch_id FROM changed))
                            AND b.updated_at < at - interval '500 ms' FOR UPDATE SKIP LOCKED))
  )
  SELECT coalesce(array_agg(c.id), '{}'),
         coalesce(json_agg(json_build_object(
           'id', c.id, 'outcome', 'started', 'kind', t.kind, 'wait_seconds', c.wait_seconds)), '[]'),
         coalesce(bool_or(EXISTS (SELECT FROM unnest(c.keys) AS u (key) WHERE measure_of(key) = 4)), false)
  INTO started, results, freed
  FROM changed c JOIN (SELECT id, kind FROM task WHERE id = ANY (held)) t ON t.id = c.id;
  IF cardinality(started) = cardinality(wanted) THEN RETURN; END IF;

  -- Ended while the call was open. Only the holder of the last claim says that the call is over.
  WITH ended AS (
    UPDATE task_state s
    SET worker_id = NULL, cancel_action = coalesce(i.cancel_action, s.cancel_action)
    FROM json_to_recordset(p_items) AS i (id uuid, claim integer, cancel_action bytea)
    WHERE s.id = i.id AND s.id = ANY (held) AND is_terminal(s.status)
      AND s.claim = i.claim AND s.worker_id IS NOT NULL
    RETURNING s.id, s.status, s.cancel_action
  ), canceled AS (
    INSERT INTO delivery (task_id, trigger, position, action, origin, next_attempt_at, created_at, updated_at)
    SELECT e.id, 'Cancel', 0, a.hash, a.origin, at, at, at
    FROM ended e JOIN action a ON a.hash = e.cancel_action WHERE e.status = 'Canceled'
    ON CONFLICT DO NOTHING
  )
  SELECT coalesce(array_agg(id), '{}') INTO over FROM ended;
  notified := release_notifications(over, at);

  SELECT (results::jsonb || jsonb_agg(jsonb_build_object(
    'id', i.id,
    'outcome', CASE WHEN i.id = ANY (over) THEN 'ended' WHEN i.id = ANY (held) OR s.id IS NULL THEN 'lost' ELSE 'busy' END
  )))::json
  INTO results
  FROM json_to_recordset(p_items) AS i (id uuid)
  LEFT JOIN task_state s ON s.id = i.id AND s.id = ANY (wanted)
  WHERE NOT i.id = ANY (started);
END $$;

-- Makes the notifications of tasks due that waited for an on_start which is over now.
CREATE FUNCTION release_notifications(p_tasks uuid[], p_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  due integer;
BEGIN
  UPDATE delivery SET waits_for_worker = NULL, next_attempt_at = p_at
  WHERE coalesce(task_id, batch_id) = ANY (p_tasks) AND waits_for_worker IS NOT NULL;
  SELECT count(*) INTO due FROM delivery
  WHERE coalesce(task_id, batch_id) = ANY (p_tasks) AND status = 'Pending' AND next_attempt_at <= p_at;
  RETURN due;
END $$;

-- A call of on_start failed and is to be made again. Whether its claim stands: whoever ended the task meanwhile, or has
-- claimed it since, wants no further call.
CREATE FUNCTION record_start_failure(p_id uuid, p_claim integer, p_error text) RETURNS boolean
LANGUAGE sql AS $$
  INSERT INTO start_failure AS f (task_id, failures, last_error)
  SELECT id, 1, p_error FROM task_state WHERE id = p_id AND claim = p_claim
  ON CONFLICT (task_id) DO UPDATE SET failures = f.failures + 1, last_error = excluded.last_error;
  SELECT EXISTS (SELECT FROM task_state WHERE id = p_id AND status = 'Claimed' AND claim = p_claim);
$$;
