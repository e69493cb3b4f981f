-- Retries. An attempt that fails while others are left is not the end of its task: it goes back to Pending, gives its
-- places back (the trigger of places sees the status change), and starts no sooner than backoff_until. Until then it
-- has no lane, so that no claim round looks at it.

-- How long a task waits after so many attempts, in seconds: exponential, with full jitter unless its policy says
-- otherwise. p_retry: {max_attempts, backoff_secs, backoff_factor, max_backoff_secs, jitter, on: [cause]}
CREATE FUNCTION backoff_secs(p_retry json, p_attempts integer) RETURNS float8
LANGUAGE plpgsql VOLATILE PARALLEL RESTRICTED AS $$
DECLARE
  most float8 := p_retry ->> 'max_backoff_secs';
  first float8 := least((p_retry ->> 'backoff_secs')::float8, most);
BEGIN
  -- Numbers too small or too large for it are an error of Postgres. No clock tells less than a microsecond.
  IF first < 1e-6 THEN RETURN 0; END IF;
  RETURN least(most, first * power((p_retry ->> 'backoff_factor')::float8, p_attempts - 1))
    * CASE WHEN (p_retry ->> 'jitter')::boolean THEN random() ELSE 1 END;
END $$;

-- Whether an attempt that failed so is followed by another one.
CREATE FUNCTION is_retried(s task_state, p_retry json, p_cause text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN s.attempt < s.max_attempts AND (p_retry -> 'on')::jsonb ? p_cause;

-- Gives each of these tasks, whose rows the caller holds, its next attempt. started_at: of the attempt that failed.
CREATE FUNCTION begin_attempts(
  p_tasks uuid[], p_reasons text[], p_started timestamptz[], p_new_success bigint[], p_new_failures bigint[], p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  WITH failed AS (
    SELECT * FROM unnest(p_tasks, p_reasons, p_started, p_new_success, p_new_failures)
      AS f (id, reason, started_at, new_success, new_failures)
  ), history AS (
    INSERT INTO task_attempt (task_id, attempt, started_at, ended_at, failure_reason, success, failures)
    SELECT s.id, s.attempt, f.started_at, p_at, f.reason,
           least(s.success::bigint + f.new_success, 2147483647), least(s.failures::bigint + f.new_failures, 2147483647)
    FROM failed f JOIN task_state s ON s.id = f.id
  )
  UPDATE task_state s
  SET status = 'Pending', attempt = s.attempt + 1, attempt_claim = s.claim, lane = NULL,
      backoff_until = p_at + make_interval(secs => backoff_secs(t.retry, s.attempt)),
      success = 0, failures = 0, failure_reason = f.reason, last_updated = p_at,
      started_at = NULL, check_at = NULL, worker_id = NULL, cancel_action = NULL
  FROM failed f JOIN task t ON t.id = f.id
  WHERE s.id = f.id;
END $$;

-- Says of the batches of these tasks that they have changed. Their listing may lag by a second, so one write in half of
-- one is enough, and what somebody else has locked is left. Last in a transaction: batches are locked after tasks.
CREATE FUNCTION touch_batches(p_tasks uuid[], p_at timestamptz) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  IF cardinality(p_tasks) = 0 THEN RETURN; END IF;
  UPDATE batch SET updated_at = p_at
  WHERE id = ANY (ARRAY(
    SELECT id FROM batch
    WHERE id = ANY (ARRAY(SELECT DISTINCT batch_id FROM task_state WHERE id = ANY (p_tasks)))
      AND updated_at < p_at - interval '500 ms' AND completed_at IS NULL
    FOR UPDATE SKIP LOCKED));
END $$;

-- Lets tasks start whose backoff is over. Called by the claim round. Whether some are left: those that somebody else has
-- locked, and what is more than a thousand.
CREATE FUNCTION end_backoffs() RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  due uuid[];
  -- An index is asked for what is before a moment, not for what is before whatever time it is then.
  at timestamptz := clock_timestamp();
BEGIN
  IF NOT EXISTS (SELECT FROM task_state WHERE status = 'Pending' AND backoff_until <= at) THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock_shared(shapes_lock_key());
  SELECT array_agg(id) INTO due FROM (
    SELECT id FROM task_state WHERE status = 'Pending' AND backoff_until <= at
    ORDER BY backoff_until LIMIT 1000 FOR UPDATE SKIP LOCKED) d;
  IF due IS NULL THEN RETURN true; END IF;
  UPDATE task_state SET backoff_until = NULL WHERE id = ANY (due);
  PERFORM place_tasks(due);
  RETURN EXISTS (SELECT FROM task_state WHERE status = 'Pending' AND backoff_until <= at);
END $$;

-- Ends a set of tasks, each guarded by its status, with all that follows (settle_ends), or begins their next attempt.
--
-- p_items: [{id, status, reason?, claim?, attempt?, retryable?, new_success?, new_failures?, expected_count?, priority?,
-- metadata?}], an id once. metadata is JSON text. With claim, only that very claim may end the task (fencing); with
-- attempt, only that very attempt.
-- p_cause: of a failure, as policies name it; null when nothing is retried.
-- p_from: the statuses it may end from; p_from_handed_back: those it may end from once it has been claimed.
-- p_starts: ending a Claimed task is also its start (the client answered before on_start did).
-- p_call_over: the open on_start call ends with this (it failed), so nothing waits for it.
-- p_wait: false leaves out, as 'busy', what somebody else has locked; the caller sends those alone. In a group,
-- so are tasks with open parents: others wait for their rows (settle_ends), and the group would wait for theirs.
--
-- results: [{id, outcome, was, status, kind, seconds, attempt, retry_secs}] with outcome 'applied', 'retried', 'conflict',
-- 'unknown' or 'busy'; status is the one that the task has now, was the one before when this has changed it, seconds its
-- time in Running, retry_secs the time until its next attempt.
CREATE FUNCTION end_tasks(
  p_items json, p_from task_status[], p_from_handed_back task_status[], p_cause text,
  p_starts boolean, p_call_over boolean, p_wait boolean, p_limit integer, p_dead_ends boolean,
  OUT results json, OUT released integer, OUT freed boolean, OUT failed integer, OUT canceled integer, OUT notified integer,
  OUT completed integer, OUT unfinished integer, OUT held_up uuid[], OUT ended_from json
)
LANGUAGE plpgsql
SET lock_timeout = '3s' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
AS $$
DECLARE
  wanted uuid[];
  held uuid[];
  ended uuid[];
  ended_was json;               -- {id: status before}
  retried uuid[];
  retried_was json;             -- {id: status before}
  retried_seconds json;         -- {id: time in Running}
  reasons text[];
  started timestamptz[];
  new_successes bigint[];
  new_failures bigint[];
  over uuid[];
  due integer := 0;
  at timestamptz;
  has_metadata boolean;
  unsuccessful uuid[];
  of_batch uuid;
BEGIN
  SELECT array_agg(i.id ORDER BY i.id), bool_or(i.metadata IS NOT NULL),
         array_agg(i.id) FILTER (WHERE i.status <> 'Success')
  INTO wanted, has_metadata, unsuccessful
  FROM json_to_recordset(p_items) AS i (id uuid, status task_status, metadata text);
  IF has_metadata THEN PERFORM pg_advisory_xact_lock_shared(shapes_lock_key()); END IF;

  -- Batch locks come first. A group only tries: what it cannot have at once goes alone.
  IF unsuccessful IS NOT NULL THEN
    FOR of_batch IN SELECT DISTINCT batch_id FROM task_state WHERE id = ANY (unsuccessful) ORDER BY batch_id LOOP
      IF p_wait THEN
        PERFORM pg_advisory_xact_lock(batch_lock_key(of_batch));
      ELSIF NOT pg_try_advisory_xact_lock(batch_lock_key(of_batch)) THEN
        SELECT array_agg(w.id ORDER BY w.id) INTO wanted
        FROM unnest(wanted) AS w (id) JOIN task_state s ON s.id = w.id
        WHERE s.batch_id <> of_batch;
      END IF;
    END LOOP;
  END IF;

  IF p_wait THEN
    SELECT array_agg(id) INTO held FROM (
      SELECT id FROM task_state WHERE id = ANY (wanted) ORDER BY id FOR UPDATE) locked;
  ELSE
    SELECT array_agg(id) INTO held FROM (
      SELECT id FROM task_state
      WHERE id = ANY (wanted) AND (open_parents = 0 OR cardinality(wanted) = 1)
      ORDER BY id FOR UPDATE SKIP LOCKED) locked;
  END IF;
  at := clock_timestamp();

  -- Most tasks have one attempt, which this look at a small integer tells.
  IF p_cause IS NOT NULL AND unsuccessful IS NOT NULL
    AND EXISTS (SELECT FROM task_state WHERE id = ANY (held) AND attempt < max_attempts) THEN
    SELECT array_agg(s.id), array_agg(i.reason),
           array_agg(CASE WHEN p_starts AND s.status = 'Claimed' THEN at ELSE s.started_at END),
           array_agg(coalesce(i.new_success, 0)), array_agg(coalesce(i.new_failures, 0)),
           json_object_agg(s.id, s.status), json_object_agg(s.id, extract(epoch FROM at - s.started_at))
    INTO retried, reasons, started, new_successes, new_failures, retried_was, retried_seconds
    FROM json_to_recordset(p_items) AS i (id uuid, status task_status, reason text, claim integer, attempt integer,
      retryable boolean, new_success bigint, new_failures bigint)
    JOIN task_state s ON s.id = i.id JOIN task t ON t.id = i.id
    WHERE s.id = ANY (held) AND i.status = 'Failure' AND i.retryable IS NOT false AND is_retried(s, t.retry, p_cause)
      AND (s.status = ANY (p_from) OR (s.status = ANY (p_from_handed_back) AND s.claim > s.attempt_claim))
      AND (i.claim IS NULL OR i.claim = s.claim) AND (i.attempt IS NULL OR i.attempt = s.attempt);
    IF retried IS NOT NULL THEN
      PERFORM begin_attempts(retried, reasons, started, new_successes, new_failures, at);
      UPDATE task_state s
      SET expected_count = coalesce(i.expected_count, s.expected_count), priority = coalesce(i.priority, s.priority)
      FROM json_to_recordset(p_items) AS i (id uuid, expected_count integer, priority smallint)
      WHERE s.id = i.id AND s.id = ANY (retried) AND (i.expected_count IS NOT NULL OR i.priority IS NOT NULL);
    END IF;
  END IF;
  retried := coalesce(retried, '{}');

  WITH item AS (
    SELECT * FROM json_to_recordset(p_items) AS i (id uuid, status task_status, reason text, claim integer,
      attempt integer, new_success integer, new_failures integer, expected_count integer, priority smallint)
    WHERE NOT id = ANY (retried)
  ), before AS (
    SELECT s.id, s.status FROM task_state s WHERE s.id = ANY (held)
  ), changed AS (
    UPDATE task_state s
    SET status = i.status,
        ended_at = at,
        last_updated = at,
        started_at = CASE WHEN p_starts AND s.status = 'Claimed' THEN at ELSE s.started_at END,
        check_at = NULL,
        worker_id = CASE WHEN p_call_over THEN NULL ELSE s.worker_id END,
        failure_reason = i.reason,
        success = least(s.success::bigint + coalesce(i.new_success, 0), 2147483647),
        failures = least(s.failures::bigint + coalesce(i.new_failures, 0), 2147483647),
        expected_count = coalesce(i.expected_count, s.expected_count),
        priority = coalesce(i.priority, s.priority)
    FROM item i, before b
    WHERE s.id = i.id AND b.id = s.id AND s.id = ANY (held)
      AND (s.status = ANY (p_from) OR (s.status = ANY (p_from_handed_back) AND s.claim > s.attempt_claim))
      AND (i.claim IS NULL OR i.claim = s.claim) AND (i.attempt IS NULL OR i.attempt = s.attempt)
    RETURNING s.id, b.status AS was
  )
  SELECT array_agg(id), json_object_agg(id, was) INTO ended, ended_was FROM changed;
  ended := coalesce(ended, '{}');
  IF p_cause = 'start' THEN
    INSERT INTO start_failure AS f (task_id, failures, last_error)
    SELECT i.id, 1, coalesce(replace(i.reason, 'on_start webhook failed: ', ''), 'failed')
    FROM json_to_recordset(p_items) AS i (id uuid, reason text) WHERE i.id = ANY (ended || retried)
    ON CONFLICT (task_id) DO UPDATE SET failures = f.failures + 1, last_error = excluded.last_error;
  END IF;
  held := coalesce(held, '{}');

  IF has_metadata THEN
    WITH changed AS (
      UPDATE task t SET metadata = i.metadata::jsonb
      FROM json_to_recordset(p_items) AS i (id uuid, metadata text)
      WHERE i.metadata IS NOT NULL AND t.id = i.id AND t.id = ANY (ended || retried)
      RETURNING t.id, task_keys(t.kind, t.metadata) AS keys
    )
    UPDATE task_state s SET keys = c.keys FROM changed c WHERE s.id = c.id AND s.keys IS DISTINCT FROM c.keys;
  END IF;

  SELECT json_agg(json_build_object(
    'id', i.id,
    'outcome', CASE WHEN i.id = ANY (ended) THEN 'applied' WHEN i.id = ANY (retried) THEN 'retried'
                    WHEN s.id IS NULL THEN 'unknown' WHEN i.id = ANY (held) THEN 'conflict' ELSE 'busy' END,
    'was', coalesce(ended_was ->> i.id::text, retried_was ->> i.id::text),
    'status', s.status,
    'kind', t.kind,
    'seconds', coalesce(extract(epoch FROM s.ended_at - s.started_at), (retried_seconds ->> i.id::text)::numeric),
    'attempt', s.attempt,
    'retry_secs', CASE WHEN i.id = ANY (retried) THEN extract(epoch FROM s.backoff_until - at) END))
  INTO results
  FROM json_to_recordset(p_items) AS i (id uuid)
  LEFT JOIN task_state s ON s.id = i.id
  LEFT JOIN task t ON t.id = i.id;

  IF p_call_over THEN
    -- What ended while the call was open has waited for it, however it went.
    WITH changed AS (
      UPDATE task_state s SET worker_id = NULL
      FROM json_to_recordset(p_items) AS i (id uuid, claim integer)
      WHERE s.id = i.id AND s.id = ANY (held) AND NOT s.id = ANY (ended)
        AND is_terminal(s.status) AND s.claim = i.claim AND s.worker_id IS NOT NULL
      RETURNING s.id
    )
    SELECT array_agg(id) INTO over FROM changed;
    due := release_notifications(coalesce(over, '{}'), at);
  END IF;

  IF ended = '{}' THEN
    released := 0; failed := 0; canceled := 0; notified := due; completed := 0; unfinished := 0;
    freed := EXISTS (SELECT FROM task_state WHERE id = ANY (retried) AND keys IS NOT NULL);
    held_up := '{}'; ended_from := '[]';
    PERFORM touch_batches(retried, at);
    RETURN;
  END IF;
  SELECT e.released, e.freed, e.failed, e.canceled, e.notified + due, e.completed, e.unfinished, e.held_up, e.ended_from
  INTO released, freed, failed, canceled, notified, completed, unfinished, held_up, ended_from
  FROM settle_ends(ended, '{}', '{}', at, p_limit, cardinality(ended) > 1, p_dead_ends) e;
  freed := freed OR EXISTS (SELECT FROM task_state WHERE id = ANY (retried) AND keys IS NOT NULL);
  PERFORM touch_batches(retried, at);
END $$;
