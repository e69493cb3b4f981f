-- Pausing keeps a task from being claimed, and from nothing else: it still counts its parents down, and fails
-- when a required one does. Both answer with the status before and the one it has now; equal ones mean that
-- nothing was changed, null that there is no such task.

CREATE FUNCTION pause_task(p_id uuid, p_from task_status[], OUT was task_status, OUT status task_status)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
BEGIN
  SELECT s.status INTO was FROM task_state s WHERE s.id = p_id FOR UPDATE;
  status := was;
  IF NOT FOUND OR NOT was = ANY (p_from) THEN RETURN; END IF;
  UPDATE task_state s SET status = 'Paused', last_updated = clock_timestamp()
  WHERE s.id = p_id RETURNING s.status INTO status;
  PERFORM touch_batches(ARRAY[p_id], clock_timestamp());
END $$;

-- Where it goes hangs on its parents at this moment: their ends wait for this row or have counted it down.
CREATE FUNCTION resume_task(p_id uuid, p_from task_status[], OUT was task_status, OUT status task_status)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  has_open_parents boolean;
BEGIN
  SELECT s.status, s.open_parents > 0 INTO was, has_open_parents
  FROM task_state s WHERE s.id = p_id FOR UPDATE;
  status := was;
  IF NOT FOUND OR NOT was = ANY (p_from) THEN RETURN; END IF;
  IF has_open_parents THEN
    UPDATE task_state s SET status = 'Waiting', last_updated = clock_timestamp()
    WHERE s.id = p_id RETURNING s.status INTO status;
  ELSE
    -- Here it may be claimed again, in the place that it had.
    UPDATE task_state s SET status = 'Pending', last_updated = clock_timestamp()
    WHERE s.id = p_id RETURNING s.status INTO status;
    PERFORM announce_arrivals(ARRAY[p_id]);
  END IF;
  PERFORM touch_batches(ARRAY[p_id], clock_timestamp());
END $$;
