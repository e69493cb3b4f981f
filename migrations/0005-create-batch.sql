-- Writes a planned batch: its actions (those that are new), its row, tasks and links.
--
-- p_batch: {id, posted_as_object, scope, metadata, on_complete: [hash]}; p_actions: [{hash, url, verb, headers,
-- body, origin}], hashes in hex; p_rule_sets: [{hash, rules, needs: [{measure, kind, fields, ceiling}]}];
-- p_tasks: [{id, position, name, kind, timeout_secs, priority, expected_count, dead_end_barrier, metadata,
-- open_parents, on_start, on_success, on_failure, rules}]; p_links: [{p, c, r}].
-- A batch without tasks is complete at once.
CREATE FUNCTION create_batch(
  p_batch json, p_actions json, p_rule_sets json, p_tasks json, p_links json, p_traceparent text DEFAULT NULL,
  OUT created_at timestamptz, OUT pending integer, OUT notified integer
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  at timestamptz := now();
  new_batch uuid := p_batch ->> 'id';
  task_count integer := json_array_length(p_tasks);
BEGIN
  created_at := at;

  -- Sorted, so that two batches with the same new actions do not deadlock on them.
  INSERT INTO action (hash, url, verb, headers, body, origin)
  SELECT decode(hash, 'hex'), url, verb, headers, body, origin
  FROM json_to_recordset(p_actions) AS a (hash text, url text, verb text, headers json, body json, origin text)
  ORDER BY hash
  ON CONFLICT DO NOTHING;
  PERFORM pg_advisory_xact_lock_shared(shapes_lock_key());
  PERFORM save_rule_sets(p_rule_sets);

  INSERT INTO batch (id, created_at, posted_as_object, scope, metadata, on_complete, kinds,
                     total_tasks, open_tasks, updated_at, completed_at, traceparent)
  VALUES (
    new_batch, at, (p_batch ->> 'posted_as_object')::boolean, p_batch ->> 'scope',
    CASE WHEN json_typeof(p_batch -> 'metadata') <> 'null' THEN (p_batch -> 'metadata')::jsonb END,
    ARRAY(SELECT decode(h, 'hex') FROM json_array_elements_text(p_batch -> 'on_complete') WITH ORDINALITY AS e (h, n) ORDER BY n),
    ARRAY(SELECT DISTINCT kind FROM json_to_recordset(p_tasks) AS t (kind text) ORDER BY kind),
    task_count, task_count, at, CASE WHEN task_count = 0 THEN at END, p_traceparent);

  INSERT INTO task (id, batch_id, position, created_at, name, kind, timeout_secs, dead_end_barrier, metadata,
                    on_start, on_success, on_failure)
  SELECT id, new_batch, position, at, name, kind, timeout_secs, dead_end_barrier, metadata,
         decode(on_start, 'hex'),
         ARRAY(SELECT decode(h, 'hex') FROM unnest(on_success) AS u (h)),
         ARRAY(SELECT decode(h, 'hex') FROM unnest(on_failure) AS u (h))
  FROM json_to_recordset(p_tasks) AS t (
    id uuid, position integer, name text, kind text, timeout_secs integer, dead_end_barrier boolean,
    metadata jsonb, on_start text, on_success text[], on_failure text[]);

  WITH planned AS MATERIALIZED (
    SELECT i.id, i.kind, i.metadata, i.position, i.priority, i.timeout_secs, i.open_parents, i.expected_count,
           decode(i.rules, 'hex') AS rules, a.origin,
           (CASE WHEN i.open_parents > 0 THEN 'Waiting' ELSE 'Pending' END)::task_status AS status,
           dense_rank() OVER (ORDER BY i.kind, i.rules, i.expected_count IS NULL, a.origin, i.metadata) AS alike
    FROM json_to_recordset(p_tasks) AS i (
      id uuid, kind text, metadata jsonb, position integer, priority smallint, timeout_secs integer,
      open_parents integer, expected_count integer, on_start text, rules text)
    JOIN action a ON a.hash = decode(i.on_start, 'hex')
  ), need AS MATERIALIZED (
    -- Once for all that are alike: where they count, and what they need.
    SELECT p.alike, p.origin, task_keys(p.kind, p.metadata) AS keys,
           origin_key(p.origin) || coalesce(n.keys, '{}') AS lane_keys, 1 || coalesce(n.ceilings, '{}') AS ceilings,
           p.rules IS NULL OR n.keys IS NOT NULL AS can_start
    FROM (SELECT DISTINCT ON (alike) * FROM planned ORDER BY alike) p
    LEFT JOIN rule_set r ON r.hash = p.rules
    LEFT JOIN LATERAL task_needs(r.needs, p.kind, p.metadata, p.expected_count) n ON r.needs IS NOT NULL
  ), place AS MATERIALIZED (
    SELECT *, CASE WHEN can_start THEN lane_id(origin, lane_keys, ceilings) END AS lane FROM need
  ), lanes AS (
    INSERT INTO lane (id, origin, keys, ceilings)
    SELECT DISTINCT ON (lane) lane, origin, lane_keys, ceilings FROM place WHERE lane IS NOT NULL ORDER BY lane
    ON CONFLICT DO NOTHING
  ), states AS (
    INSERT INTO task_state (id, batch_id, created_at, position, status, priority, timeout_secs, open_parents,
                            expected_count, last_updated, rules, keys, lane)
    SELECT p.id, new_batch, at, p.position, p.status, p.priority, p.timeout_secs, p.open_parents,
           p.expected_count, at, p.rules, l.keys, l.lane
    FROM planned p JOIN place l ON l.alike = p.alike
    RETURNING id, status, keys
  )
  -- The trigger speaks of changes only; what counts from the start is written here.
  INSERT INTO place_change (key, amount)
  SELECT u.key, sum(amount_in(u.key, s.status, 0)) FROM states s CROSS JOIN LATERAL unnest(s.keys) AS u (key)
  WHERE measure_of(u.key) IN (2, 3)
  GROUP BY u.key HAVING sum(amount_in(u.key, s.status, 0)) <> 0;
  PERFORM announce_arrivals(ARRAY(SELECT id FROM json_to_recordset(p_tasks) AS t (id uuid)));

  INSERT INTO link (parent_id, child_id, requires_success)
  SELECT p, c, r FROM json_to_recordset(p_links) AS l (p uuid, c uuid, r boolean);

  SELECT count(*) INTO pending
  FROM json_to_recordset(p_tasks) AS t (open_parents integer) WHERE t.open_parents = 0;
  notified := 0;
  IF task_count = 0 THEN
    notified := complete_batches(ARRAY[new_batch], at);
  END IF;
END $$;
