-- Goes on with a cascade that was too long for the request that began it: one batch, one bounded step.
-- advanced is false when no such cascade is recorded or others are at work on all.
CREATE FUNCTION propagate_ends(
  p_limit integer,
  OUT advanced boolean, OUT released integer, OUT freed boolean, OUT failed integer, OUT notified integer, OUT completed integer
)
LANGUAGE plpgsql AS $$
DECLARE
  candidate uuid;
  parents uuid[];
BEGIN
  advanced := false;
  released := 0; freed := false; failed := 0; notified := 0; completed := 0;
  FOR candidate IN
    SELECT batch_id FROM propagation GROUP BY batch_id ORDER BY min(created_at)
  LOOP
    IF pg_try_advisory_xact_lock(batch_lock_key(candidate)) THEN
      SELECT array_agg(parent_id) INTO parents FROM propagation WHERE batch_id = candidate;
      EXIT WHEN parents IS NOT NULL;
    END IF;
  END LOOP;
  IF parents IS NULL THEN RETURN; END IF;

  advanced := true;
  SELECT e.released, e.freed, e.failed, e.notified, e.completed INTO released, freed, failed, notified, completed
  FROM settle_ends('{}', parents, clock_timestamp(), p_limit, false) e;
END $$;
