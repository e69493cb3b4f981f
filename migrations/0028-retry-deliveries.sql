-- Makes exhausted notifications due again by hand, with fresh attempts and a fresh age. Archiving, which moves what is
-- not Pending, and this keep out of each other's way by the retention lock.

CREATE INDEX archived_delivery_by_id ON archived_delivery (id);

-- One of them. One that is Pending and waits for its next attempt is tried at once, which costs it none. status is
-- what it has now, null when there is none; retried 0 when nothing was to be done.
CREATE FUNCTION retry_delivery(p_id uuid, OUT retried integer, OUT status delivery_status, OUT is_archived boolean)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(retention_lock_key());
  is_archived := false;
  UPDATE delivery d
  SET status = 'Pending', attempts = 0, next_attempt_at = now(), retried_at = now(), updated_at = now()
  WHERE d.id = p_id AND d.status = 'Exhausted';
  GET DIAGNOSTICS retried = ROW_COUNT;
  IF retried = 0 THEN
    UPDATE delivery d SET next_attempt_at = now(), updated_at = now()
    WHERE d.id = p_id AND d.status = 'Pending' AND d.worker_id IS NULL AND d.next_attempt_at > now();
    GET DIAGNOSTICS retried = ROW_COUNT;
  END IF;
  SELECT d.status INTO status FROM delivery d WHERE d.id = p_id;
  IF NOT FOUND THEN
    SELECT a.status INTO status FROM archived_delivery a WHERE a.id = p_id;
    is_archived := FOUND;
  END IF;
END $$;

-- Up to p_limit of them, the oldest first: of one task, of a batch and its tasks, or all. until: those that were
-- exhausted by then, so that what is exhausted again meanwhile is not retried again and again. The next step goes on
-- behind (last_at, last_id); there is none when fewer than p_limit were found.
CREATE FUNCTION retry_deliveries(
  p_task uuid, p_batch uuid, p_until timestamptz, p_after_at timestamptz, p_after_id uuid, p_limit integer,
  OUT retried integer, OUT until timestamptz, OUT last_at timestamptz, OUT last_id uuid
)
LANGUAGE plpgsql SET lock_timeout = '3s' SET enable_seqscan = off SET jit = off AS $$
DECLARE
  subjects uuid[];
  picked uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(retention_lock_key());
  until := coalesce(p_until, now());
  IF p_batch IS NOT NULL THEN
    subjects := p_batch || ARRAY(SELECT id FROM task_state WHERE batch_id = p_batch);
  END IF;
  IF p_task IS NOT NULL THEN
    subjects := CASE WHEN subjects IS NULL OR p_task = ANY (subjects) THEN ARRAY[p_task] ELSE '{}' END;
  END IF;

  IF subjects IS NULL THEN
    SELECT array_agg(f.id), max(f.updated_at), (array_agg(f.id ORDER BY f.updated_at DESC, f.id DESC))[1]
    INTO picked, last_at, last_id
    FROM (
      SELECT d.id, d.updated_at FROM delivery d
      WHERE d.status = 'Exhausted' AND d.updated_at <= until
        AND (d.updated_at, d.id) > (coalesce(p_after_at, '-infinity'), coalesce(p_after_id, '00000000-0000-0000-0000-000000000000'))
      ORDER BY d.updated_at, d.id LIMIT p_limit FOR UPDATE SKIP LOCKED) f;
  ELSE
    SELECT array_agg(f.id), max(f.updated_at), (array_agg(f.id ORDER BY f.updated_at DESC, f.id DESC))[1]
    INTO picked, last_at, last_id
    FROM (
      SELECT d.id, d.updated_at FROM delivery d
      WHERE coalesce(d.task_id, d.batch_id) = ANY (subjects) AND d.status = 'Exhausted' AND d.updated_at <= until
        AND (d.updated_at, d.id) > (coalesce(p_after_at, '-infinity'), coalesce(p_after_id, '00000000-0000-0000-0000-000000000000'))
      ORDER BY d.updated_at, d.id LIMIT p_limit FOR UPDATE SKIP LOCKED) f;
  END IF;

  UPDATE delivery d
  SET status = 'Pending', attempts = 0, next_attempt_at = now(), retried_at = now(), updated_at = now()
  WHERE d.id = ANY (picked);
  GET DIAGNOSTICS retried = ROW_COUNT;
END $$;
