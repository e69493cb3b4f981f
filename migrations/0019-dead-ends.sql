-- Dead ends: unfinished tasks whose children have all ended, so that nobody needs them. settle_ends calls this.

-- The unfinished parents of ended tasks that have no unfinished child. For each parent the first unfinished child
-- is looked for by index, whatever the statistics say: that is what the scalar subquery is for.
CREATE FUNCTION dead_ends_above(p_ended uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN ARRAY(
    WITH above AS MATERIALIZED (
      SELECT DISTINCT p.id FROM link l JOIN task_state p ON p.id = l.parent_id
      WHERE l.child_id = ANY (p_ended) AND NOT is_terminal(p.status)
    )
    SELECT a.id FROM above a
    WHERE (SELECT c.id FROM link l JOIN task_state c ON c.id = l.child_id
           WHERE l.parent_id = a.id AND NOT is_terminal(c.status) LIMIT 1) IS NULL);
END $$;

-- Cancels the dead ends above ended tasks, and those above them, level by level; a barrier is canceled too, but
-- nothing above it for its sake. All their children have ended, so nothing follows downward.
--
-- left_over: those of the ended tasks above which there is more to cancel, because p_limit is reached, because
-- somebody else holds the row (held_up; it may be in need of rows that we hold, so nobody waits here), or because
-- a cascade of the batch is under way, which may yet fail what looks like a dead end.
--
-- SKIP LOCKED alone does not keep it from waiting: when a change of the row commits just as it is looked at, Postgres
-- goes on to the row's next version and waits for whoever has locked that. So there is a bound, at which the whole
-- climb is given up and left over.
CREATE FUNCTION cancel_dead_ends(
  p_ended uuid[], p_at timestamptz, p_limit integer,
  OUT canceled uuid[], OUT canceled_from task_status[], OUT left_over uuid[], OUT held_up boolean
)
LANGUAGE plpgsql SET lock_timeout = '20ms' AS $$
DECLARE
  climbing uuid[];
  dead uuid[];
  taken uuid[];
  taken_from task_status[];
BEGIN
  canceled := '{}';
  canceled_from := '{}';
  held_up := false;
  BEGIN
    SELECT coalesce(array_agg(id) FILTER (WHERE is_cascading), '{}'),
           coalesce(array_agg(id) FILTER (WHERE NOT is_cascading), '{}')
    INTO left_over, climbing
    FROM (
      SELECT id, batch_id IN (SELECT batch_id FROM propagation WHERE NOT upward) AS is_cascading
      FROM task_state WHERE id = ANY (p_ended)) e;

    WHILE climbing <> '{}' LOOP
      dead := dead_ends_above(climbing);
      EXIT WHEN dead = '{}';
      SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(status), '{}') INTO taken, taken_from FROM (
        SELECT id, status FROM task_state WHERE id = ANY (dead) AND NOT is_terminal(status)
        ORDER BY id LIMIT p_limit - cardinality(canceled) FOR UPDATE SKIP LOCKED) locked;
      IF cardinality(taken) < cardinality(dead) THEN
        held_up := held_up OR cardinality(canceled) + cardinality(taken) < p_limit;
        left_over := left_over || ARRAY(
          SELECT DISTINCT child_id FROM link
          WHERE parent_id = ANY (dead) AND NOT parent_id = ANY (taken) AND child_id = ANY (climbing));
      END IF;
      -- p_at was taken before these rows were: such a task may have started since, or a child of it ended, and it ends
      -- no earlier than that.
      UPDATE task_state s
      SET status = 'Canceled', ended_at = e.at, last_updated = e.at, check_at = NULL,
          failure_reason = 'All child tasks already terminated'
      FROM (
        SELECT t.id, greatest(p_at, t.last_updated, (
                 SELECT max(c.ended_at) FROM link l JOIN task_state c ON c.id = l.child_id
                 WHERE l.parent_id = t.id)) AS at
        FROM task_state t WHERE t.id = ANY (taken)) e
      WHERE s.id = e.id;
      canceled := canceled || taken;
      canceled_from := canceled_from || taken_from;
      climbing := ARRAY(SELECT id FROM task WHERE id = ANY (taken) AND NOT dead_end_barrier);
    END LOOP;
  EXCEPTION WHEN lock_not_available THEN
    canceled := '{}';
    canceled_from := '{}';
    left_over := p_ended;
    held_up := true;
  END;
END $$;
