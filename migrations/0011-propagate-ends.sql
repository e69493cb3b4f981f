-- Goes on with effects that were too many for the request that began them: one batch, one bounded step. The
-- cascade comes first, then the climb. With p_batch it waits for that batch; else it takes the oldest that nobody
-- is at work on. When others are at work on all that is recorded, advanced is false and busy is the oldest of them.
CREATE FUNCTION propagate_ends(
  p_batch uuid, p_limit integer, p_dead_ends boolean,
  OUT advanced boolean, OUT released integer, OUT freed boolean, OUT failed integer, OUT canceled integer, OUT notified integer,
  OUT completed integer, OUT ended_from json, OUT busy uuid
)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  candidate uuid;
  cascading uuid[];
  climbing uuid[];
BEGIN
  advanced := false;
  released := 0; freed := false; failed := 0; canceled := 0; notified := 0; completed := 0; ended_from := '[]';
  FOR candidate IN
    SELECT batch_id FROM propagation
    WHERE p_batch IS NULL OR batch_id = p_batch
    GROUP BY batch_id ORDER BY min(created_at)
  LOOP
    IF p_batch IS NOT NULL THEN
      PERFORM pg_advisory_xact_lock(batch_lock_key(candidate));
    ELSIF NOT pg_try_advisory_xact_lock(batch_lock_key(candidate)) THEN
      busy := coalesce(busy, candidate);
      CONTINUE;
    END IF;
    SELECT coalesce(array_agg(task_id) FILTER (WHERE NOT upward), '{}'),
           coalesce(array_agg(task_id) FILTER (WHERE upward), '{}')
    INTO cascading, climbing FROM propagation WHERE batch_id = candidate;
    advanced := cascading <> '{}' OR climbing <> '{}';
    EXIT WHEN advanced;
  END LOOP;
  IF NOT advanced THEN RETURN; END IF;

  IF cascading <> '{}' THEN
    climbing := '{}';
  ELSE
    -- Here nothing is held yet, so rows can be waited for, in the order that everybody keeps who locks many:
    -- those without open parents first, since ends hold such rows while they wait for the others.
    PERFORM FROM task_state WHERE id = ANY (dead_ends_above(climbing))
    ORDER BY open_parents > 0, id FOR UPDATE;
  END IF;
  SELECT e.released, e.freed, e.failed, e.canceled, e.notified, e.completed, e.ended_from
  INTO released, freed, failed, canceled, notified, completed, ended_from
  FROM settle_ends('{}', cascading, climbing, clock_timestamp(), p_limit, false, p_dead_ends) e;
END $$;
