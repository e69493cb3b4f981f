-- Stores actions that are new, and renews the others: [{hash, url, verb, headers, body, origin, max_attempts,
-- backoff_secs}], hashes as bytea is
-- written ("\x…"). Comes as late in its transaction as it can, since others with the same actions wait for its end.
CREATE FUNCTION save_actions(p_actions json) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- Before the insertion, so that what retention deletes meanwhile is made again. Both sorted, so that two batches with
  -- the same actions do not deadlock on them.
  UPDATE action SET used_at = now() WHERE hash IN (
    SELECT hash FROM action
    WHERE hash = ANY (ARRAY(SELECT hash FROM json_to_recordset(p_actions) AS n (hash bytea)))
      AND used_at < now() - use_step()
    ORDER BY hash FOR UPDATE);
  INSERT INTO action (hash, url, verb, headers, body, origin, max_attempts, backoff_secs)
  SELECT hash, url, verb, headers, body, origin, max_attempts, backoff_secs
  FROM json_to_recordset(p_actions) AS n (
    hash bytea, url text, verb text, headers json, body json, origin text, max_attempts smallint, backoff_secs float8)
  ORDER BY hash
  ON CONFLICT DO NOTHING;
END $$;

-- Writes a planned batch: its actions (those that are new), its row, tasks and links.
--
-- p_batch: {id, posted_as_object, scope, metadata, on_complete: [hash], name_words?, rerun_of?}; p_actions: as save_actions takes them, their
-- hashes as bytea is written, which lists of them are read from without a step between; p_rule_sets: [{hash, rules, needs: [{measure, kind, fields, ceiling}]}], hashes in hex;
-- p_tasks: [{id, position, name, kind, timeout_secs, priority, expected_count, dead_end_barrier, metadata,
-- open_parents, on_start, on_success, on_failure, rules, retry, rerun_of?}]; p_links: [{p, c, r}].
-- A batch without tasks is complete at once.
CREATE FUNCTION create_batch(
  p_batch json, p_actions json, p_rule_sets json, p_tasks json, p_links json, p_traceparent text DEFAULT NULL,
  OUT created_at timestamptz, OUT pending integer, OUT notified integer
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  at timestamptz := now();
  new_batch uuid := p_batch ->> 'id';
  new_tasks uuid[];
  new_kinds text[];
  task_count integer;
BEGIN
  created_at := at;

  PERFORM pg_advisory_xact_lock_shared(shapes_lock_key());
  PERFORM save_rule_sets(p_rule_sets);

  -- One statement, since the JSON of the tasks is by far the longest, and reading it would else be half of the work.
  WITH item AS MATERIALIZED (
    SELECT i.*, decode(i.rules, 'hex') AS rule_set, a.origin,
           (CASE WHEN i.open_parents > 0 THEN 'Waiting' ELSE 'Pending' END)::task_status AS status
    FROM json_to_recordset(p_tasks) AS i (
      id uuid, position integer, name text, kind text, timeout_secs integer, priority smallint, expected_count integer,
      dead_end_barrier boolean, metadata jsonb, open_parents integer, on_start bytea, on_success bytea[],
      on_failure bytea[], rules text, retry json, rerun_of uuid)
    JOIN json_to_recordset(p_actions) AS a (hash bytea, origin text) ON a.hash = i.on_start
  ), tasks AS (
    INSERT INTO task (id, batch_id, position, created_at, name, kind, timeout_secs, dead_end_barrier, metadata,
                      on_start, on_success, on_failure, retry, rerun_of)
    SELECT id, new_batch, position, at, name, kind, timeout_secs, dead_end_barrier, metadata,
           on_start, on_success, on_failure, retry, rerun_of
    FROM item
  ), planned AS MATERIALIZED (
    SELECT *, dense_rank() OVER (ORDER BY kind, rule_set, expected_count IS NULL, origin, rule_values) AS alike
    FROM (
      SELECT id, kind, position, priority, timeout_secs, open_parents, expected_count, status, rule_set, origin,
             coalesce((retry ->> 'max_attempts')::smallint, 1) AS max_attempts,
             -- Where no rule looks, tasks are alike whatever their metadata.
             CASE WHEN rule_set IS NOT NULL OR EXISTS (SELECT FROM shape s WHERE s.kind = item.kind) THEN metadata END
               AS rule_values
      FROM item) i
  ), need AS MATERIALIZED (
    -- Once for all that are alike: where they count, and what they need.
    SELECT p.alike, p.origin, task_keys(p.kind, p.rule_values) AS keys,
           origin_key(p.origin) || coalesce(n.keys, '{}') AS lane_keys, 1 || coalesce(n.ceilings, '{}') AS ceilings,
           p.rule_set IS NULL OR n.keys IS NOT NULL AS can_start
    FROM (SELECT DISTINCT ON (alike) * FROM planned ORDER BY alike) p
    LEFT JOIN rule_set r ON r.hash = p.rule_set
    LEFT JOIN LATERAL task_needs(r.needs, p.kind, p.rule_values, p.expected_count) n ON r.needs IS NOT NULL
  ), place AS MATERIALIZED (
    SELECT *, CASE WHEN can_start THEN lane_id(origin, lane_keys, ceilings) END AS lane FROM need
  ), lanes AS (
    INSERT INTO lane (id, origin, keys, ceilings)
    SELECT DISTINCT ON (lane) lane, origin, lane_keys, ceilings FROM place WHERE lane IS NOT NULL ORDER BY lane
    ON CONFLICT DO NOTHING
  ), states AS (
    INSERT INTO task_state (id, batch_id, created_at, position, status, priority, timeout_secs, open_parents,
                            expected_count, last_updated, rules, keys, lane, max_attempts)
    SELECT p.id, new_batch, at, p.position, p.status, p.priority, p.timeout_secs, p.open_parents,
           p.expected_count, at, p.rule_set, l.keys, l.lane, p.max_attempts
    FROM planned p JOIN place l ON l.alike = p.alike
    RETURNING status, keys
  ), places AS (
    -- The trigger speaks of changes only; what counts from the start is written here.
    INSERT INTO place_change (key, amount)
    SELECT u.key, sum(amount_in(u.key, s.status, 0)) FROM states s CROSS JOIN LATERAL unnest(s.keys) AS u (key)
    WHERE measure_of(u.key) IN (2, 3)
    GROUP BY u.key HAVING sum(amount_in(u.key, s.status, 0)) <> 0
  )
  SELECT array_agg(id), array_agg(DISTINCT kind ORDER BY kind), count(*), count(*) FILTER (WHERE open_parents = 0)
  INTO new_tasks, new_kinds, task_count, pending FROM item;
  PERFORM announce_arrivals(new_tasks);

  INSERT INTO link (parent_id, child_id, requires_success)
  SELECT p, c, r FROM json_to_recordset(p_links) AS l (p uuid, c uuid, r boolean);

  INSERT INTO batch (id, created_at, posted_as_object, scope, metadata, on_complete, kinds, name_words,
                     total_tasks, open_tasks, updated_at, completed_at, rerun_of, traceparent)
  SELECT b.id, at, b.posted_as_object, b.scope, b.metadata, b.on_complete, coalesce(new_kinds, '{}'), b.name_words,
         task_count, task_count, at, CASE WHEN task_count = 0 THEN at END, b.rerun_of, p_traceparent
  FROM json_to_record(p_batch) AS b (
    id uuid, posted_as_object boolean, scope text, metadata jsonb, on_complete bytea[], name_words text,
    rerun_of uuid);
  PERFORM renew_rule_sets(p_rule_sets);
  PERFORM save_actions(p_actions);
  notified := 0;
  IF task_count = 0 THEN
    notified := complete_batches(ARRAY[new_batch], at);
  END IF;
END $$;
