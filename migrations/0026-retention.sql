-- Retention: what finished long ago moves to cold tables, whole batches at a time. There the API finds a task or a
-- batch by its id and nothing else; lists, rules and dedupe do not look.

CREATE TABLE archived_batch (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL,
  completed_at timestamptz NOT NULL,
  archived_at timestamptz NOT NULL,
  scope text,
  metadata jsonb,
  total_tasks integer NOT NULL,
  summary json NOT NULL          -- as GET /batch/{id} answers it
);
CREATE INDEX archived_batch_by_age ON archived_batch (archived_at);

CREATE TABLE archived_task (
  id uuid PRIMARY KEY,
  batch_id uuid NOT NULL,
  position integer NOT NULL,
  status task_status NOT NULL,
  content json NOT NULL          -- as GET /task/{id} answers it, without its actions
);
CREATE INDEX archived_task_by_batch ON archived_task (batch_id, position);

CREATE TABLE archived_link (
  batch_id uuid NOT NULL,
  parent_id uuid NOT NULL,
  child_id uuid NOT NULL,
  requires_success boolean NOT NULL,
  PRIMARY KEY (batch_id, child_id, parent_id)
);

CREATE TABLE archived_delivery (
  batch_id uuid NOT NULL,
  id uuid NOT NULL,
  task_id uuid,                  -- null when it tells of the batch
  trigger delivery_trigger NOT NULL,
  condition delivery_condition,
  position smallint NOT NULL,
  status delivery_status NOT NULL,
  attempts integer NOT NULL,
  last_error text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (batch_id, id)
);

-- One at a time: what two would choose at once is the same.
CREATE FUNCTION retention_lock_key() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 7004;

-- Archives the batches that finished first, more than p_age_secs ago, whose notifications have all been delivered or
-- given up: as many as have p_limit tasks together, at least one. Nothing while somebody else is doing it.
CREATE FUNCTION archive_batches(p_age_secs float8, p_limit integer, OUT batches integer, OUT tasks integer)
LANGUAGE plpgsql AS $$
DECLARE
  finished uuid[];
  chosen uuid[];
  moved uuid[];
BEGIN
  batches := 0;
  tasks := 0;
  IF NOT pg_try_advisory_xact_lock(retention_lock_key()) THEN RETURN; END IF;
  SELECT array_agg(id) INTO finished FROM (
    SELECT id FROM batch b
    WHERE completed_at < now() - make_interval(secs => p_age_secs)
      AND NOT EXISTS (
        SELECT FROM delivery d WHERE coalesce(d.task_id, d.batch_id) = b.id AND d.status = 'Pending')
      AND NOT EXISTS (
        SELECT FROM task_state s JOIN delivery d ON coalesce(d.task_id, d.batch_id) = s.id
        WHERE s.batch_id = b.id AND d.status = 'Pending')
      AND NOT EXISTS (SELECT FROM propagation p WHERE p.batch_id = b.id)
    ORDER BY completed_at, id LIMIT p_limit FOR UPDATE SKIP LOCKED) f;
  SELECT array_agg(id) INTO chosen FROM (
    SELECT id, sum(total_tasks) OVER (ORDER BY completed_at, id) - total_tasks AS before
    FROM batch WHERE id = ANY (finished)) c
  WHERE before < p_limit;
  IF chosen IS NULL THEN RETURN; END IF;
  SELECT coalesce(array_agg(id), '{}') INTO moved FROM task_state WHERE batch_id = ANY (chosen);
  batches := cardinality(chosen);
  tasks := cardinality(moved);

  INSERT INTO archived_batch (id, created_at, completed_at, archived_at, scope, metadata, total_tasks, summary)
  SELECT id, created_at, completed_at, now(), scope, metadata, total_tasks, batch_summary_json(b)
  FROM batch b WHERE id = ANY (chosen);
  INSERT INTO archived_task (id, batch_id, position, status, content)
  SELECT t.id, t.batch_id, t.position, s.status, task_json(t, s, '[]')
  FROM task t JOIN task_state s ON s.id = t.id WHERE t.id = ANY (moved);
  WITH gone AS (
    DELETE FROM link WHERE child_id = ANY (moved) RETURNING *
  )
  INSERT INTO archived_link (batch_id, parent_id, child_id, requires_success)
  SELECT s.batch_id, g.parent_id, g.child_id, g.requires_success
  FROM gone g JOIN task_state s ON s.id = g.child_id;
  WITH gone AS (
    DELETE FROM delivery WHERE coalesce(task_id, batch_id) = ANY (chosen || moved) RETURNING *
  )
  INSERT INTO archived_delivery (batch_id, id, task_id, trigger, condition, position, status, attempts, last_error,
                                 created_at, updated_at)
  SELECT coalesce(g.batch_id, s.batch_id), g.id, g.task_id, g.trigger, g.condition, g.position, g.status, g.attempts,
         g.last_error, g.created_at, g.updated_at
  FROM gone g LEFT JOIN task_state s ON s.id = g.task_id;

  -- They count no longer: under rules about ended tasks, and in the gauges.
  WITH gone AS (
    DELETE FROM task_state WHERE id = ANY (moved) RETURNING status, keys
  )
  INSERT INTO place_change (key, amount)
  SELECT u.key, -sum(amount_in(u.key, g.status, 0)) FROM gone g CROSS JOIN LATERAL unnest(g.keys) AS u (key)
  GROUP BY u.key HAVING sum(amount_in(u.key, g.status, 0)) <> 0;
  DELETE FROM task_attempt WHERE task_id = ANY (moved);
  DELETE FROM start_failure WHERE task_id = ANY (moved);
  DELETE FROM task WHERE id = ANY (moved);
  INSERT INTO settled_change (status, amount)
  SELECT c.key::task_status, -sum(c.value::bigint)
  FROM batch b CROSS JOIN LATERAL jsonb_each_text(b.status_counts) c WHERE b.id = ANY (chosen) GROUP BY c.key;
  DELETE FROM batch WHERE id = ANY (chosen);
END $$;

-- Deletes what was archived more than p_age_secs ago, the oldest first, as many batches as have p_limit tasks
-- together, at least one.
CREATE FUNCTION purge_archive(p_age_secs float8, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  chosen uuid[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(retention_lock_key()) THEN RETURN 0; END IF;
  SELECT array_agg(id) INTO chosen FROM (
    SELECT id, sum(total_tasks) OVER (ORDER BY archived_at, id) - total_tasks AS before FROM (
      SELECT id, archived_at, total_tasks FROM archived_batch
      WHERE archived_at < now() - make_interval(secs => p_age_secs)
      ORDER BY archived_at, id LIMIT p_limit) oldest) c
  WHERE before < p_limit;
  IF chosen IS NULL THEN RETURN 0; END IF;
  DELETE FROM archived_delivery WHERE batch_id = ANY (chosen);
  DELETE FROM archived_link WHERE batch_id = ANY (chosen);
  DELETE FROM archived_task WHERE batch_id = ANY (chosen);
  DELETE FROM archived_batch WHERE id = ANY (chosen);
  RETURN cardinality(chosen);
END $$;

-- Deletes actions and rule sets that nothing refers to, p_limit of each at most: those that no task or batch has come
-- with for p_age_secs and an hour more, unless one that is older still needs them. Whoever writes a batch renews what it
-- comes with, so what may yet be written by a transaction that is open now (for less than an hour) is not among them.
CREATE FUNCTION forget_unused(p_age_secs float8, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := now() - make_interval(secs => p_age_secs) - interval '1 hour';
  forgotten integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(retention_lock_key()) THEN RETURN 0; END IF;
  WITH old_batch AS MATERIALIZED (
    SELECT id, on_complete FROM batch WHERE created_at < since + use_step()
  ), old_task AS MATERIALIZED (
    SELECT t.on_start, t.on_success, t.on_failure, s.cancel_action, s.rules
    FROM old_batch b JOIN task t ON t.batch_id = b.id JOIN task_state s ON s.id = t.id
  ), needed AS MATERIALIZED (
    SELECT u.hash FROM old_batch b CROSS JOIN LATERAL unnest(b.on_complete) AS u (hash)
    UNION
    SELECT u.hash FROM old_task t
    CROSS JOIN LATERAL unnest(t.on_success || t.on_failure || t.on_start || t.cancel_action) AS u (hash)
  ), unused AS MATERIALIZED (
    SELECT hash FROM action a
    WHERE used_at < since AND NOT EXISTS (SELECT FROM needed n WHERE n.hash = a.hash)
    ORDER BY used_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), unused_rules AS MATERIALIZED (
    SELECT hash FROM rule_set r
    WHERE used_at < since AND NOT EXISTS (SELECT FROM old_task t WHERE t.rules = r.hash)
    ORDER BY used_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), actions AS (
    DELETE FROM action WHERE hash IN (SELECT hash FROM unused) RETURNING 1
  ), rule_sets AS (
    DELETE FROM rule_set WHERE hash IN (SELECT hash FROM unused_rules) RETURNING 1
  )
  SELECT (SELECT count(*) FROM actions) + (SELECT count(*) FROM rule_sets) INTO forgotten;
  RETURN forgotten;
END $$;

-- Tasks and links of a batch, from the archive too. Task by task, however few links there seem to be.
CREATE FUNCTION dag_json(p_batch uuid) RETURNS json
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  SELECT json_build_object(
    'tasks', coalesce(
      (SELECT json_agg(basic_task_json(t, s) ORDER BY t.position)
       FROM task t JOIN task_state s ON s.id = t.id WHERE t.batch_id = p_batch),
      (SELECT json_agg(basic_of_task_json(content) ORDER BY position) FROM archived_task WHERE batch_id = p_batch),
      '[]'),
    'links', coalesce(
      (SELECT json_agg(json_build_object(
         'parent_id', l.parent_id, 'child_id', l.child_id, 'requires_success', l.requires_success)
         ORDER BY t.position, l.parent_id)
       FROM task t JOIN link l ON l.child_id = t.id WHERE t.batch_id = p_batch),
      (SELECT json_agg(json_build_object(
         'parent_id', l.parent_id, 'child_id', l.child_id, 'requires_success', l.requires_success)
         ORDER BY t.position, l.parent_id)
       FROM archived_link l JOIN archived_task t ON t.id = l.child_id WHERE l.batch_id = p_batch),
      '[]'));
$$;
