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
