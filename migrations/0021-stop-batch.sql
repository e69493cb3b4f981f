-- Cancels whatever of a batch has not ended, and with it what was left to do of its cascades and climbs: a stop
-- wins over them. counts: how many tasks were in each status before; null when there is no such batch.
CREATE FUNCTION stop_batch(
  p_batch uuid, OUT counts jsonb, OUT notified integer, OUT completed integer
)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  stopped uuid[];
  at timestamptz;
BEGIN
  notified := 0;
  completed := 0;
  PERFORM pg_advisory_xact_lock(batch_lock_key(p_batch));
  IF NOT EXISTS (SELECT FROM batch WHERE id = p_batch) THEN RETURN; END IF;

  -- Those without open parents first: ends hold such rows while they wait for the others.
  PERFORM FROM task_state
  WHERE batch_id = p_batch AND NOT is_terminal(status)
  ORDER BY open_parents > 0, id FOR UPDATE;
  at := clock_timestamp();

  SELECT coalesce(jsonb_object_agg(status, n), '{}') INTO counts
  FROM (SELECT status, count(*) AS n FROM task_state WHERE batch_id = p_batch GROUP BY status) c;
  WITH changed AS (
    UPDATE task_state
    SET status = 'Canceled', ended_at = at, last_updated = at, check_at = NULL, failure_reason = 'Batch stopped'
    WHERE batch_id = p_batch AND NOT is_terminal(status)
    RETURNING id
  )
  SELECT array_agg(id) INTO stopped FROM changed;
  DELETE FROM propagation WHERE batch_id = p_batch;
  IF stopped IS NULL THEN RETURN; END IF;

  SELECT r.notified, r.completed INTO notified, completed FROM record_ends(stopped, '{}', at) r;
END $$;
