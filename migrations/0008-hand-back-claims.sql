-- Gives claims back: Claimed → Pending, and the notifications of tasks that ended under such a claim need
-- not wait for its call any longer. Each task comes with the number of the claim that is given back: what has been
-- claimed anew meanwhile, perhaps while this waited for the row, is left alone. p_wait false leaves out what somebody
-- else has locked.
CREATE FUNCTION hand_back(
  p_tasks uuid[], p_claims integer[], p_wait boolean,
  OUT returned integer,  -- tasks that became Pending
  OUT notified integer   -- notifications that are due now
)
LANGUAGE plpgsql AS $$
DECLARE
  held uuid[];
  over uuid[];
BEGIN
  IF p_wait THEN
    SELECT array_agg(id) INTO held FROM (
      SELECT id FROM task_state WHERE id = ANY (p_tasks) ORDER BY id FOR UPDATE) l;
  ELSE
    SELECT array_agg(id) INTO held FROM (
      SELECT id FROM task_state WHERE id = ANY (p_tasks) ORDER BY id FOR UPDATE SKIP LOCKED) l;
  END IF;
  UPDATE task_state s
  SET status = 'Pending', worker_id = NULL, check_at = NULL, started_at = NULL
  FROM unnest(p_tasks, p_claims) AS i (id, claim)
  WHERE s.id = i.id AND s.id = ANY (held) AND s.claim = i.claim AND s.status = 'Claimed';
  GET DIAGNOSTICS returned = ROW_COUNT;
  IF returned > 0 THEN PERFORM announce_arrivals(held); END IF;
  WITH ended AS (
    UPDATE task_state s SET worker_id = NULL
    FROM unnest(p_tasks, p_claims) AS i (id, claim)
    WHERE s.id = i.id AND s.id = ANY (held) AND s.claim = i.claim AND is_terminal(s.status)
      AND s.worker_id IS NOT NULL
    RETURNING s.id
  )
  SELECT array_agg(id) INTO over FROM ended;
  notified := release_notifications(over, clock_timestamp());
END $$;

-- Claims that their worker does not call, or not any more.
CREATE FUNCTION hand_back_claims(p_worker uuid, p_items json, OUT returned integer, OUT notified integer)
LANGUAGE sql SET lock_timeout = '3s' AS $$
  SELECT h.returned, h.notified
  FROM (
    SELECT array_agg(s.id) AS tasks, array_agg(s.claim) AS claims
    FROM json_to_recordset(p_items) AS i (id uuid, claim integer)
    JOIN task_state s ON s.id = i.id AND s.claim = i.claim AND s.worker_id = p_worker) held
  CROSS JOIN LATERAL hand_back(held.tasks, held.claims, true) h;
$$;

-- Those of a living worker that are older than p_claim_timeout_secs and not among p_busy: it lost them, or never knew of
-- them. A task may have ended under such a claim: the call of an earlier one was reported late.
CREATE FUNCTION hand_back_lost_claims(
  p_worker uuid, p_busy uuid[], p_claim_timeout_secs integer, OUT returned integer, OUT notified integer
)
LANGUAGE sql AS $$
  SELECT h.returned, h.notified
  FROM (
    SELECT array_agg(id) AS tasks, array_agg(claim) AS claims FROM (
      SELECT s.id, s.claim FROM task_state s
      WHERE s.status = 'Claimed' AND s.worker_id = p_worker
        AND s.check_at < now() - make_interval(secs => p_claim_timeout_secs)
      UNION
      SELECT s.id, s.claim FROM delivery d JOIN task_state s ON s.id = d.task_id
      WHERE d.waits_for_worker = p_worker
        AND d.created_at < now() - make_interval(secs => p_claim_timeout_secs)) held
    WHERE NOT id = ANY (p_busy)) lost
  CROSS JOIN LATERAL hand_back(lost.tasks, lost.claims, false) h;
$$;

-- Those of workers whose lease has run out, and the notifications that these were delivering. After an outage of
-- Postgres (nobody has swept for p_outage_secs) nobody could renew either: then all leases get one full period of grace.
-- What somebody has locked is left to the next sweep; a notification, to the end of its own lease.
CREATE FUNCTION hand_back_dead_claims(
  p_lease_secs integer, p_outage_secs float8, OUT returned integer, OUT notified integer, OUT dead uuid[]
)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  grace_until timestamptz;
BEGIN
  returned := 0;
  notified := 0;
  dead := '{}';
  INSERT INTO sweep AS s (name, ran_at, grace_until)
  VALUES ('leases', now(), now() + make_interval(secs => p_lease_secs))
  ON CONFLICT (name) DO UPDATE SET ran_at = now(), grace_until =
    CASE WHEN s.ran_at < now() - make_interval(secs => p_outage_secs) THEN excluded.grace_until ELSE s.grace_until END
  RETURNING s.grace_until INTO grace_until;
  IF grace_until > now() THEN RETURN; END IF;

  SELECT coalesce(array_agg(id), '{}') INTO dead FROM (
    SELECT id FROM worker WHERE lease_until < now() FOR UPDATE SKIP LOCKED) w;
  SELECT h.returned, h.notified INTO returned, notified FROM (
    SELECT array_agg(id) AS tasks, array_agg(claim) AS claims FROM (
      SELECT s.id, s.claim FROM task_state s
      WHERE s.status = 'Claimed'
        AND NOT EXISTS (SELECT FROM worker w WHERE w.id = s.worker_id AND w.lease_until >= now())
      UNION
      SELECT s.id, s.claim FROM delivery d JOIN task_state s ON s.id = d.task_id
      WHERE d.waits_for_worker IS NOT NULL
        AND NOT EXISTS (SELECT FROM worker w WHERE w.id = d.waits_for_worker AND w.lease_until >= now())) held) lost
  CROSS JOIN LATERAL hand_back(lost.tasks, lost.claims, false) h;
  IF dead = '{}' THEN RETURN; END IF;
  UPDATE delivery SET next_attempt_at = now(), worker_id = NULL
  WHERE id = ANY (ARRAY(
    SELECT id FROM delivery WHERE worker_id = ANY (dead) AND status = 'Pending' ORDER BY id FOR UPDATE SKIP LOCKED));
  DELETE FROM worker WHERE id = ANY (dead);
END $$;
