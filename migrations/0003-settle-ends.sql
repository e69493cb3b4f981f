-- What follows from tasks that have just become terminal, in the same transaction: required children fail
-- (and theirs), other children count down and open, parents that nobody needs any more are canceled (and theirs),
-- notifications are recorded, batches are counted.
--
-- The caller holds the rows of p_ended, and the batch lock (batch_lock_key) of every one that did not succeed:
-- cascades and climbs of one batch run one after another. A success needs no such lock, since all parents of what
-- succeeds have ended. Lock order from here on: children by id, then batches by id. The climb goes against that
-- order, so it passes over what others hold (0019).

-- Serialises what walks through the DAG of a batch; taken before any of its rows.
CREATE FUNCTION batch_lock_key(batch_id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(batch_id::text, 7);

-- Records the notifications of terminal tasks. Those of a task whose on_start is still open wait for it. A dead
-- end tells on_failure as well, which no other canceled task does.
CREATE FUNCTION record_notifications(p_tasks uuid[], p_dead_ends uuid[], p_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  recorded integer;
BEGIN
  INSERT INTO delivery (task_id, trigger, condition, position, action, origin,
                        next_attempt_at, waits_for_worker, created_at, updated_at)
  SELECT s.id, n.trigger, n.condition, n.ordinality - 1, n.hash, a.origin,
         CASE WHEN s.worker_id IS NULL THEN p_at END, s.worker_id, p_at, p_at
  FROM task_state s
  JOIN task t ON t.id = s.id
  CROSS JOIN LATERAL (
    SELECT 'End'::delivery_trigger AS trigger, 'Success'::delivery_condition AS condition, hash, ordinality
    FROM unnest(t.on_success) WITH ORDINALITY AS u (hash, ordinality) WHERE s.status = 'Success'
    UNION ALL
    SELECT 'End', 'Failure', hash, ordinality
    FROM unnest(t.on_failure) WITH ORDINALITY AS u (hash, ordinality)
    WHERE s.status = 'Failure' OR s.id = ANY (p_dead_ends)
    UNION ALL
    SELECT 'Cancel', NULL, s.cancel_action, 1
    WHERE s.status = 'Canceled' AND s.cancel_action IS NOT NULL
  ) n
  JOIN action a ON a.hash = n.hash
  WHERE s.id = ANY (p_tasks || p_dead_ends);
  GET DIAGNOSTICS recorded = ROW_COUNT;
  RETURN recorded;
END $$;

-- Counts ended tasks off their batches; the end that leaves none open records batch-complete.
CREATE FUNCTION count_off_batches(
  p_tasks uuid[], p_at timestamptz, OUT completed integer, OUT notified integer
)
LANGUAGE plpgsql AS $$
DECLARE
  done uuid[];
BEGIN
  completed := 0;
  notified := 0;
  PERFORM FROM batch b
  WHERE b.id = ANY (ARRAY(SELECT batch_id FROM task_state WHERE id = ANY (p_tasks)))
  ORDER BY b.id FOR UPDATE;

  WITH ended AS (
    SELECT batch_id, count(*)::integer AS n, max(ended_at) AS last_end
    FROM task_state WHERE id = ANY (p_tasks) GROUP BY batch_id
  ), counted AS (
    UPDATE batch b
    SET open_tasks = b.open_tasks - e.n,
        -- Ends are not counted off in the order of their times.
        updated_at = greatest(b.updated_at, p_at, e.last_end),
        completed_at = CASE WHEN b.open_tasks = e.n THEN greatest(b.updated_at, p_at, e.last_end) END
    FROM ended e WHERE b.id = e.batch_id
    RETURNING b.id, b.open_tasks
  )
  SELECT array_agg(id) INTO done FROM counted WHERE open_tasks = 0;

  IF done IS NULL THEN RETURN; END IF;
  completed := cardinality(done);
  notified := complete_batches(done, p_at);
END $$;

-- Writes the final counts into finished batches, and their batch-complete notifications.
CREATE FUNCTION complete_batches(p_batches uuid[], p_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  recorded integer;
BEGIN
  UPDATE batch b
  SET status_counts = coalesce((
    SELECT jsonb_object_agg(c.status, c.n)
    FROM (SELECT s.status, count(*) AS n FROM task_state s WHERE s.batch_id = b.id GROUP BY s.status) c
  ), '{}')
  WHERE b.id = ANY (p_batches);

  INSERT INTO settled_change (status, amount)
  SELECT c.key::task_status, sum(c.value::bigint)
  FROM batch b CROSS JOIN LATERAL jsonb_each_text(b.status_counts) c
  WHERE b.id = ANY (p_batches) GROUP BY c.key;

  INSERT INTO delivery (batch_id, trigger, position, action, origin, next_attempt_at, created_at, updated_at)
  SELECT b.id, 'BatchComplete', c.ordinality - 1, c.hash, a.origin, p_at, p_at, p_at
  FROM batch b CROSS JOIN LATERAL unnest(b.on_complete) WITH ORDINALITY AS c (hash, ordinality)
  JOIN action a ON a.hash = c.hash
  WHERE b.id = ANY (p_batches);
  GET DIAGNOSTICS recorded = ROW_COUNT;
  RETURN recorded;
END $$;

-- What every end brings with it, whatever made it: its notifications, and the count of its batch.
CREATE FUNCTION record_ends(
  p_tasks uuid[], p_dead_ends uuid[], p_at timestamptz, OUT notified integer, OUT completed integer
)
LANGUAGE plpgsql AS $$
DECLARE
  counted record;
BEGIN
  notified := record_notifications(p_tasks, p_dead_ends, p_at);
  counted := count_off_batches(p_tasks || p_dead_ends, p_at);
  completed := counted.completed;
  notified := notified + counted.notified;
END $$;

-- p_limit bounds how many tasks one call ends by cascade and climb; ends whose effects are more stay recorded in
-- propagation, and the same function goes on with them later. With p_split such an end raises instead, and
-- the caller splits the group: each of its ends was promised effects of its own up to the limit.
CREATE FUNCTION settle_ends(
  p_ended uuid[],        -- tasks that this transaction made terminal
  p_resumed uuid[],      -- tasks that ended before, whose cascade goes on
  p_climbing uuid[],     -- tasks that ended before, above which the climb goes on
  p_at timestamptz,
  p_limit integer,
  p_split boolean,
  p_dead_ends boolean,   -- whether dead ends are canceled
  OUT released integer,  -- children that became Pending
  OUT freed boolean,     -- a rule may allow now what it did not before
  OUT failed integer,    -- tasks failed by cascade
  OUT canceled integer,  -- dead ends
  OUT notified integer,
  OUT completed integer, -- batches
  OUT unfinished integer, -- ends whose effects go on in the background
  OUT held_up uuid[],    -- batches with dead ends whose rows somebody else holds
  OUT ended_from json    -- [{from, to, count}] of what failed or was canceled here
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off
AS $$
DECLARE
  unsuccessful uuid[];
  closure uuid[];
  settled uuid[] := p_ended || p_resumed;
  incomplete uuid[];
  children uuid[];               -- of what is settled, each as often as it has a parent there
  opened uuid[] := '{}';
  climbing uuid[];
  climb record;
  dead uuid[] := '{}';
  dead_from task_status[];
  failed_paused integer := 0;
BEGIN
  failed := 0;
  unfinished := 0;
  SELECT array_agg(id) INTO unsuccessful
  FROM task_state WHERE id = ANY (settled) AND status::text IN ('Failure', 'Canceled');

  IF unsuccessful IS NOT NULL THEN
    -- Breadth first; UNION drops what was seen, LIMIT stops the walk.
    WITH RECURSIVE doomed (id) AS (
      SELECT l.child_id FROM link l JOIN task_state s ON s.id = l.child_id
      WHERE l.parent_id = ANY (unsuccessful) AND l.requires_success AND s.status::text IN ('Waiting', 'Paused')
      UNION
      SELECT l.child_id FROM doomed d JOIN link l ON l.parent_id = d.id JOIN task_state s ON s.id = l.child_id
      WHERE l.requires_success AND s.status::text IN ('Waiting', 'Paused')
    )
    SELECT array_agg(id) INTO closure FROM (SELECT id FROM doomed LIMIT p_limit + 1) bounded;

    IF cardinality(closure) > p_limit THEN
      IF p_split THEN
        RAISE EXCEPTION 'the cascades of a group exceed %', p_limit USING ERRCODE = 'program_limit_exceeded';
      END IF;
      closure := closure[1:p_limit];
      SELECT array_agg(DISTINCT l.parent_id) INTO incomplete
      FROM link l JOIN task_state s ON s.id = l.child_id
      WHERE l.parent_id = ANY (unsuccessful || closure) AND l.requires_success
        AND s.status::text IN ('Waiting', 'Paused')
        AND l.child_id NOT IN (SELECT unnest(closure));
      unfinished := coalesce(cardinality(incomplete), 0);
    END IF;
  END IF;

  settled := settled || coalesce(closure, '{}');
  IF incomplete IS NOT NULL THEN
    SELECT array_agg(id) INTO settled
    FROM unnest(settled) AS s (id) WHERE id NOT IN (SELECT unnest(incomplete));
    INSERT INTO propagation (task_id, batch_id, upward)
    SELECT id, batch_id, false FROM task_state WHERE id = ANY (incomplete)
    ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(p_resumed) > 0 THEN
    DELETE FROM propagation WHERE task_id = ANY (settled) AND NOT upward;
  END IF;

  children := ARRAY(SELECT child_id FROM link WHERE parent_id = ANY (settled));
  IF closure IS NOT NULL OR children <> '{}' THEN
    -- Everything below is locked in one go, by id, before any of it is written.
    PERFORM FROM task_state s
    WHERE s.id = ANY (closure || children) AND s.status::text IN ('Waiting', 'Paused')
    ORDER BY s.id FOR UPDATE;
  END IF;

  IF closure IS NOT NULL THEN
    SELECT count(*) INTO failed_paused FROM task_state WHERE id = ANY (closure) AND status::text = 'Paused';
    UPDATE task_state s
    SET status = 'Failure', ended_at = p_at, last_updated = p_at, failure_reason = (
      -- The direct parent; of several, the one that ended first, then the lowest id.
      SELECT format('Required parent task %s failed', p.id)
      FROM link l JOIN task_state p ON p.id = l.parent_id
      WHERE l.child_id = s.id AND l.requires_success
        AND (p.status IN ('Failure', 'Canceled') OR p.id IN (SELECT unnest(closure)))
      ORDER BY coalesce(p.ended_at, p_at), p.id LIMIT 1)
    WHERE s.id = ANY (closure) AND s.status::text IN ('Waiting', 'Paused');
    GET DIAGNOSTICS failed = ROW_COUNT;
  END IF;

  IF children <> '{}' THEN
    WITH counted AS (
      SELECT child_id, count(*)::integer AS n FROM unnest(children) AS u (child_id) GROUP BY child_id
    ), changed AS (
      UPDATE task_state s
      SET open_parents = s.open_parents - c.n,
          status = CASE WHEN s.status = 'Waiting' AND s.open_parents = c.n THEN 'Pending' ELSE s.status END,
          last_updated = CASE WHEN s.status = 'Waiting' AND s.open_parents = c.n THEN p_at ELSE s.last_updated END
      FROM counted c
      WHERE s.id = c.child_id AND s.status::text IN ('Waiting', 'Paused')
      RETURNING s.id, s.status
    )
    SELECT ARRAY(SELECT id FROM changed WHERE status = 'Pending') INTO opened;
  END IF;
  IF unsuccessful IS NOT NULL THEN
    -- Ended, while some parent has not. Counted by sums, since a join may come to comparing all with all.
    SELECT array_agg(id) INTO climbing FROM (
      SELECT id FROM (
        SELECT id, open_parents FROM task_state WHERE id = ANY (unsuccessful || closure)
        UNION ALL
        SELECT child_id, -1 FROM unnest(children) AS c (child_id)) u
      GROUP BY id HAVING sum(open_parents) > 0) below;
  END IF;
  released := cardinality(opened);
  IF released > 0 THEN PERFORM announce_arrivals(opened); END IF;

  canceled := 0;
  held_up := '{}';
  climbing := coalesce(climbing, '{}') || p_climbing;
  IF cardinality(p_climbing) > 0 THEN
    DELETE FROM propagation WHERE task_id = ANY (p_climbing) AND upward;
  END IF;
  IF p_dead_ends AND climbing <> '{}' THEN
    climb := cancel_dead_ends(climbing, p_at, p_limit - failed);
    dead := climb.canceled;
    dead_from := climb.canceled_from;
    canceled := cardinality(dead);
    IF p_split AND climb.left_over <> '{}' AND failed + canceled >= p_limit THEN
      RAISE EXCEPTION 'the climbs of a group exceed %', p_limit USING ERRCODE = 'program_limit_exceeded';
    END IF;
    INSERT INTO propagation (task_id, batch_id, upward)
    SELECT id, batch_id, true FROM task_state WHERE id = ANY (climb.left_over)
    ON CONFLICT DO NOTHING;
    unfinished := unfinished + cardinality(climb.left_over);
    IF climb.held_up THEN
      held_up := ARRAY(SELECT DISTINCT batch_id FROM task_state WHERE id = ANY (climb.left_over));
    END IF;
  END IF;

  ended_from := '[]';
  IF failed + canceled > 0 THEN
    SELECT json_agg(json_build_object('from', m.was, 'to', m.now, 'count', m.n)) INTO ended_from FROM (
      VALUES ('Waiting', 'Failure', failed - failed_paused), ('Paused', 'Failure', failed_paused)
      UNION ALL
      SELECT was::text, 'Canceled', count(*) FROM unnest(dead_from) AS d (was) GROUP BY was
    ) m (was, now, n) WHERE m.n > 0;
  END IF;
  SELECT r.notified, r.completed INTO notified, completed
  FROM record_ends(p_ended || closure, dead, p_at) r;
  freed := EXISTS (
    SELECT FROM task_state WHERE id = ANY (p_ended || closure || dead) AND keys IS NOT NULL);
END $$;
