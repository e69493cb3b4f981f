-- Breakers of receiving origins. Workers count calls in a row that got no answer, each for itself; that a breaker is
-- open is one row for the whole fleet, and 1 in the occupancy of the origin's key, which every lane of that origin
-- needs to be 0: so claims park those lanes as they do for any full rule.

CREATE FUNCTION open_breaker(p_origin text, p_recovery_secs integer) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO origin_breaker (origin, opened_at, probe_at)
  VALUES (p_origin, now(), now() + make_interval(secs => p_recovery_secs))
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO place_change (key, amount) VALUES (origin_key(p_origin), 1);
  RETURN true;
END $$;

CREATE FUNCTION close_breaker(p_origin text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM origin_breaker WHERE origin = p_origin;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO place_change (key, amount) VALUES (origin_key(p_origin), -1);
  RETURN true;
END $$;

-- A probe got no answer. Of the notifications that wait with it, those that are too old by now are given up, as many as
-- are among the first 10,000; the next probe sees to the others.
CREATE FUNCTION put_off_probe(p_origin text, p_recovery_secs integer, p_max_age_secs integer)
RETURNS TABLE (trigger delivery_trigger, exhausted integer)
LANGUAGE sql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
  UPDATE origin_breaker SET probe_at = now() + make_interval(secs => p_recovery_secs) WHERE origin = p_origin;
  WITH first_due AS MATERIALIZED (
    SELECT id, coalesce(retried_at, created_at) AS since FROM delivery
    WHERE status = 'Pending' AND origin = p_origin AND next_attempt_at <= now()
      -- Nor what somebody is still delivering, although its lease has run out.
      AND (worker_id IS NULL OR NOT EXISTS (SELECT FROM worker w WHERE w.id = worker_id))
    ORDER BY next_attempt_at LIMIT 10000
  ), too_old AS MATERIALIZED (
    -- As text, so that only their ids lead to them.
    SELECT id FROM delivery
    WHERE id = ANY (ARRAY(SELECT id FROM first_due WHERE since < now() - make_interval(secs => p_max_age_secs)))
      AND status::text = 'Pending' AND next_attempt_at <= now()
    ORDER BY id FOR UPDATE SKIP LOCKED
  ), given_up AS (
    UPDATE delivery
    SET status = 'Exhausted', last_error = coalesce(last_error, 'its receiver does not answer'),
        next_attempt_at = NULL, worker_id = NULL, updated_at = now()
    WHERE id = ANY (ARRAY(SELECT id FROM too_old))
    RETURNING trigger
  )
  SELECT trigger, count(*)::integer FROM given_up GROUP BY trigger;
$$;

-- Origins that notifications wait for, however many of them, but for those whose breaker is open: found by leaps through
-- the index.
CREATE VIEW origin_with_deliveries AS
WITH RECURSIVE origins (origin) AS (
  (SELECT origin FROM delivery WHERE status = 'Pending' AND next_attempt_at IS NOT NULL ORDER BY origin LIMIT 1)
  UNION ALL
  SELECT (SELECT d.origin FROM delivery d
          WHERE d.status = 'Pending' AND d.next_attempt_at IS NOT NULL AND d.origin > o.origin
          ORDER BY d.origin LIMIT 1)
  FROM origins o WHERE o.origin IS NOT NULL
)
SELECT origin FROM origins o
WHERE origin IS NOT NULL AND NOT EXISTS (SELECT FROM origin_breaker b WHERE b.origin = o.origin);

-- Origins that a due notification may probe. Its counterpart for tasks, open_to_probes, takes those that have none:
-- so of two rounds that begin at the same moment neither takes a row that it can do nothing with.
CREATE VIEW origin_to_probe AS
SELECT origin, probe_at FROM origin_breaker b
WHERE probe_at <= now() AND EXISTS (
  SELECT FROM delivery d WHERE d.status = 'Pending' AND d.origin = b.origin AND d.next_attempt_at <= now());

-- For each of them the notification that does it: the row is the right to probe, and who takes it moves it on by the
-- time after which the probe counts as lost.
CREATE FUNCTION take_probes(p_limit integer, p_probe_secs integer) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
  breaker text;
  candidate uuid;
  probes uuid[] := '{}';
BEGIN
  FOR breaker IN
    SELECT b.origin FROM origin_breaker b
    WHERE b.origin = ANY (ARRAY(SELECT p.origin FROM origin_to_probe p)) AND b.probe_at <= now()
    ORDER BY b.probe_at FOR UPDATE SKIP LOCKED
  LOOP
    EXIT WHEN cardinality(probes) >= p_limit;
    SELECT id INTO candidate FROM delivery
    WHERE status = 'Pending' AND origin = breaker AND next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
      probes := probes || candidate;
      UPDATE origin_breaker SET probe_at = now() + make_interval(secs => p_probe_secs) WHERE origin = breaker;
    END IF;
  END LOOP;
  RETURN probes;
END $$;

-- Origins that a task may probe: those that no notification is due for. Their rows stay locked until the claim
-- round has ended. Of each, the first of the lanes that wait for it become ready.
CREATE FUNCTION open_to_probes() RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  origins text[];
BEGIN
  SELECT array_agg(origin) INTO origins FROM (
    SELECT b.origin FROM origin_breaker b
    WHERE b.probe_at <= now() AND b.origin NOT IN (SELECT p.origin FROM origin_to_probe p)
    FOR UPDATE SKIP LOCKED) due;
  UPDATE lane SET parked_key = NULL, parked_ceiling = NULL
  WHERE id = ANY (ARRAY(
    SELECT l.id FROM unnest(origins) AS u (origin) CROSS JOIN LATERAL (
      SELECT id FROM lane WHERE parked_key = origin_key(u.origin)
      ORDER BY rank, created_at, position, head LIMIT 16) l));
  RETURN coalesce(origins, '{}');
END $$;

-- After the round: the tasks that were claimed hold the right to probe, and the other lanes wait on. True when lanes
-- are left whose tasks may be allowed to probe.
CREATE FUNCTION close_to_probes(p_origins text[], p_probed text[], p_probe_secs integer) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE origin_breaker SET probe_at = now() + make_interval(secs => p_probe_secs) WHERE origin = ANY (p_probed);
  UPDATE lane SET parked_key = keys[1], parked_ceiling = ceilings[1]
  WHERE origin = ANY (p_probed) AND parked_key IS NULL AND head IS NOT NULL;
  RETURN EXISTS (
    SELECT FROM unnest(p_origins) AS u (origin) JOIN lane l ON l.parked_key = origin_key(u.origin)
    WHERE NOT u.origin = ANY (p_probed));
END $$;
