-- Notes down that a sweep runs. True when there is something that it may have to see to: something unfinished, a
-- worker that is gone, keys to forget. At rest a sweep does no more than this, but for a whole one each
-- p_rest_period_secs, as the turn of mend_places tells.
CREATE FUNCTION begin_sweep(p_rest_period_secs integer) RETURNS boolean
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
  is_needed boolean := EXISTS (SELECT FROM batch WHERE completed_at IS NULL)
    OR EXISTS (SELECT FROM delivery WHERE status = 'Pending')
    OR EXISTS (SELECT FROM place_change)
    OR EXISTS (SELECT FROM arrived)
    OR EXISTS (SELECT FROM origin_breaker)
    OR EXISTS (SELECT FROM worker WHERE lease_until < now())
    OR EXISTS (SELECT FROM idempotency_key WHERE created_at < now() - idempotency_period())
    OR NOT EXISTS (SELECT FROM sweep
                   WHERE name = 'places' AND ran_at > now() - make_interval(secs => p_rest_period_secs));
BEGIN
  -- At rest nobody holds a claim: that the leases are not looked at then is no outage.
  INSERT INTO sweep (name, ran_at)
  SELECT name, now() FROM unnest(ARRAY['leases', 'sweep']) AS n (name) WHERE name = 'sweep' OR NOT is_needed
  ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at;
  RETURN is_needed;
END $$;

-- Work that nobody may have been told of: the first piece of each queue, by its id, its key, its origin, or the
-- transaction that made it; null where there is none.
--
-- For claims that is a ready lane with a task in it, a task that arrived, a place that was given back or that no round
-- has looked at since, a backoff that is over, a new rule that has not been counted (with how far it has come, since a
-- long one is no work that is missed), or a probe that only a task can make. What waits under a full key is not due, nor
-- are notifications to an origin whose breaker is open; of those there may be many, and they stand in front.
CREATE FUNCTION find_oldest_due(OUT start text, OUT propagation text, OUT webhook text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET jit = off
AS $$
BEGIN
  start := coalesce(
    (SELECT head::text FROM lane WHERE parked_key IS NULL AND head IS NOT NULL
     ORDER BY rank, created_at, position, head LIMIT 1),
    (SELECT id::text FROM arrived LIMIT 1),
    (SELECT xmin::text FROM place_change WHERE amount < 0 LIMIT 1),
    (SELECT key::text FROM occupancy o
     WHERE is_reopened
       AND EXISTS (SELECT FROM lane l WHERE l.parked_key = o.key AND l.parked_ceiling > o.amount) LIMIT 1),
    (SELECT id::text FROM task_state WHERE status = 'Pending' AND backoff_until <= now()
     ORDER BY backoff_until LIMIT 1),
    (SELECT concat_ws(' ', id, creators, counted_batch, counted_position) FROM shape WHERE NOT is_counted LIMIT 1),
    (SELECT origin FROM origin_breaker b
     WHERE probe_at <= now() AND EXISTS (SELECT FROM lane l WHERE l.parked_key = origin_key(b.origin))
       AND NOT EXISTS (SELECT FROM origin_to_probe p WHERE p.origin = b.origin) LIMIT 1));
  propagation := (SELECT task_id::text FROM propagation p ORDER BY created_at LIMIT 1);
  webhook := coalesce(
    (SELECT id::text FROM (
       SELECT id, origin, next_attempt_at FROM delivery WHERE status = 'Pending' AND next_attempt_at <= now()
       ORDER BY next_attempt_at LIMIT 1000) d
     WHERE NOT EXISTS (SELECT FROM origin_breaker b WHERE b.origin = d.origin)
     ORDER BY next_attempt_at LIMIT 1),
    (SELECT d.id::text FROM origin_with_deliveries o CROSS JOIN LATERAL (
       SELECT id, next_attempt_at FROM delivery
       WHERE status = 'Pending' AND origin = o.origin AND next_attempt_at <= now()
       ORDER BY next_attempt_at LIMIT 1) d
     ORDER BY d.next_attempt_at LIMIT 1),
    (SELECT origin FROM origin_to_probe LIMIT 1));
END $$;
