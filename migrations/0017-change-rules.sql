-- Gives all tasks of one kind in a batch that have not ended another rule set (null: no rules), at work at once.
-- p_rule_sets: the set as save_rule_sets takes it, or []. Returns how many tasks have it now; null: no such batch.
CREATE FUNCTION change_rules(p_batch uuid, p_kind text, p_rule_sets json) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  affected uuid[];
BEGIN
  IF NOT EXISTS (SELECT FROM batch WHERE id = p_batch) THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock(batch_lock_key(p_batch));
  PERFORM pg_advisory_xact_lock_shared(shapes_lock_key());
  PERFORM save_rule_sets(p_rule_sets);
  SELECT coalesce(array_agg(s.id), '{}') INTO affected
  FROM task t JOIN task_state s ON s.id = t.id
  WHERE t.batch_id = p_batch AND t.kind = p_kind AND NOT is_terminal(s.status);
  PERFORM lock_tasks(affected);

  WITH changed AS (
    UPDATE task_state SET rules = decode(p_rule_sets -> 0 ->> 'hash', 'hex')
    WHERE id = ANY (affected) AND NOT is_terminal(status)
    RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO affected FROM changed;
  PERFORM place_tasks(affected);
  PERFORM renew_rule_sets(p_rule_sets);
  RETURN cardinality(affected);
END $$;
