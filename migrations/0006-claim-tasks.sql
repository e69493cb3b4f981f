-- Claims the first Pending tasks in order for a worker whose lease is alive. Each claim carries the next
-- fencing number of its task: whatever an earlier holder reports later changes nothing.
CREATE FUNCTION claim_tasks(p_worker uuid, p_limit integer)
RETURNS TABLE (id uuid, batch_id uuid, claim integer, kind text, on_start bytea)
LANGUAGE sql AS $$
  WITH next AS MATERIALIZED (
    SELECT s.id FROM task_state s
    WHERE s.status = 'Pending'
      AND EXISTS (SELECT FROM worker w WHERE w.id = p_worker AND w.lease_until > now())
    ORDER BY s.priority DESC, s.created_at, s.position, s.id
    LIMIT p_limit
    FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE task_state s
    SET status = 'Claimed', claim = s.claim + 1, worker_id = p_worker, check_at = now()
    FROM next WHERE s.id = next.id
    RETURNING s.id, s.batch_id, s.claim, s.priority, s.created_at, s.position
  )
  SELECT c.id, c.batch_id, c.claim, t.kind, t.on_start
  FROM claimed c JOIN task t ON t.id = c.id
  ORDER BY c.priority DESC, c.created_at, c.position, c.id;
$$;
