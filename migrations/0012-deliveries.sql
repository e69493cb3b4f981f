-- Takes due notifications, oldest due first, under a lease: next_attempt_at is its end, so that whatever
-- happens to this worker they become due again.
CREATE FUNCTION lease_deliveries(p_worker uuid, p_limit integer, p_lease_secs integer)
RETURNS TABLE (
  id uuid, task_id uuid, batch_id uuid, trigger delivery_trigger, condition delivery_condition,
  "position" smallint, attempts integer, action bytea, created_at timestamptz, age_secs float8, subject json)
LANGUAGE sql AS $$
  WITH due AS MATERIALIZED (
    SELECT d.id FROM delivery d
    WHERE d.status = 'Pending' AND d.next_attempt_at <= now()
    ORDER BY d.next_attempt_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), leased AS (
    UPDATE delivery d
    SET attempts = d.attempts + 1, worker_id = p_worker,
        next_attempt_at = now() + make_interval(secs => p_lease_secs)
    FROM due WHERE d.id = due.id
    RETURNING d.*
  )
  SELECT l.id, l.task_id, l.batch_id, l.trigger, l.condition, l.position, l.attempts, l.action, l.created_at,
         extract(epoch FROM now() - l.created_at),
         -- What the reserved key of the body tells. Terminal tasks and finished batches never change.
         CASE WHEN l.task_id IS NOT NULL
           THEN (SELECT json_build_object('status', s.status, 'ended_at', rfc3339(s.ended_at)) FROM task_state s WHERE s.id = l.task_id)
           ELSE (SELECT json_build_object('status_counts', b.status_counts, 'completed_at', rfc3339(b.completed_at)) FROM batch b WHERE b.id = l.batch_id)
         END
  FROM leased l;
$$;

-- Records how attempts ended; only the attempt that holds the lease counts.
-- p_items: [{id, attempt, outcome: 'Success' | 'Exhausted' | 'Pending', error?, retry_in_secs?}].
CREATE FUNCTION record_deliveries(p_worker uuid, p_items json) RETURNS uuid[]
LANGUAGE sql AS $$
  WITH item AS (
    SELECT * FROM json_to_recordset(p_items)
      AS i (id uuid, attempt integer, outcome delivery_status, error text, retry_in_secs float8)
  ), locked AS MATERIALIZED (
    SELECT d.id FROM delivery d JOIN item i ON i.id = d.id ORDER BY d.id FOR UPDATE OF d
  ), recorded AS (
    UPDATE delivery d
    SET status = i.outcome, last_error = coalesce(i.error, d.last_error), worker_id = NULL, updated_at = now(),
        next_attempt_at = CASE WHEN i.outcome = 'Pending' THEN now() + make_interval(secs => i.retry_in_secs) END
    FROM item i, locked l
    WHERE d.id = i.id AND l.id = d.id
      AND d.status = 'Pending' AND d.worker_id = p_worker AND d.attempts = i.attempt
    RETURNING d.id
  )
  SELECT coalesce(array_agg(id), '{}') FROM recorded;
$$;
