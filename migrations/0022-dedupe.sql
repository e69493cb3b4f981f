-- Dedupe: a task is not created when one that its matchers describe is there already.
--
-- Two requests whose new tasks would match each other must not both create them, although neither sees the rows of
-- the other. So a request with a strategy locks what it looks for, and what its own tasks would be found by: under
-- each way in which tasks of their kind are looked for (dedupe_shape), whoever asked for it. A request without a
-- strategy needs no lock: it comes after all that did not see it, which is an order like any other.

CREATE TABLE dedupe_shape (
  id uuid PRIMARY KEY,           -- shape_id, of a measure that nothing counts
  kind text NOT NULL,
  fields text[] NOT NULL,        -- sorted
  used_at timestamptz NOT NULL DEFAULT now() -- when a request last looked in this way, to use_step
);
CREATE INDEX dedupe_shape_by_kind ON dedupe_shape (kind);

-- Committed before the request that uses them begins: of two requests that bring new shapes at the same moment, at
-- least one then sees those of the other. It renews those that it finds, so that none is forgotten (prune_places) while
-- a request uses it.
--
-- Raises program_limit_exceeded when tasks of a kind would be looked for in more than 32 ways.
CREATE FUNCTION register_dedupe_shapes(p_shapes json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  crowded text;
BEGIN
  INSERT INTO dedupe_shape (id, kind, fields)
  SELECT DISTINCT i.id, n.kind, n.fields
  FROM json_to_recordset(p_shapes) AS n (kind text, fields text[])
  CROSS JOIN LATERAL (SELECT shape_id(254, n.kind, n.fields)) AS i (id)
  WHERE NOT EXISTS (SELECT FROM dedupe_shape s WHERE s.id = i.id AND s.used_at >= now() - use_step())
  ORDER BY i.id
  ON CONFLICT (id) DO UPDATE SET used_at = now();
  IF NOT FOUND THEN RETURN; END IF;
  SELECT s.kind INTO crowded FROM dedupe_shape s
  WHERE s.kind IN (SELECT n.kind FROM json_to_recordset(p_shapes) AS n (kind text))
  GROUP BY s.kind HAVING count(*) > 32 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'dedupe strategies look at tasks of kind % in more than 32 ways', crowded
      USING ERRCODE = 'program_limit_exceeded', CONSTRAINT = 'shapes_per_kind', DETAIL = crowded;
  END IF;
END $$;

-- The values by which a task is looked for and found. Not a key of occupancy: a measure that nothing counts.
CREATE FUNCTION dedupe_key(p_kind text, p_fields text[], p_metadata jsonb) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN place_key(254, p_kind, p_fields, p_metadata);
END $$;

-- Whether a task of the kind with these values is in that status. The archive is not looked at.
CREATE FUNCTION has_task(p_key uuid, p_status task_status, p_kind text, p_fields text[], p_metadata jsonb)
RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
DECLARE
  wanted jsonb;
BEGIN
  IF p_fields = '{}' THEN
    IF is_terminal(p_status) THEN
      RETURN EXISTS (SELECT FROM task t JOIN task_state s ON s.id = t.id WHERE t.kind = p_kind AND s.status = p_status);
    END IF;
    RETURN EXISTS (
      SELECT FROM batch b JOIN task_state s ON s.batch_id = b.id AND s.status = p_status JOIN task t ON t.id = s.id
      WHERE b.completed_at IS NULL AND b.kinds @> ARRAY[p_kind] AND t.kind = p_kind);
  END IF;
  -- Containment finds candidates by the index; equality decides.
  SELECT jsonb_object_agg(f, p_metadata -> f) INTO wanted FROM unnest(p_fields) AS u (f);
  RETURN EXISTS (
    SELECT FROM task t JOIN task_state s ON s.id = t.id
    WHERE t.metadata @> wanted AND t.kind = p_kind AND s.status = p_status
      AND dedupe_key(t.kind, p_fields, t.metadata) = p_key);
END $$;

-- What the tasks of a request look for, whether it is there, and by what they would be found themselves. Holds the
-- locks of all of it until the transaction ends; others that look for the same wait.
--
-- p_tasks: [{n, kind, metadata, strategy}], p_strategies: [{id, matchers: [{status, kind, fields (sorted)}]}].
-- looks: [{n, key, status, taken}], without those whose matcher does not apply; own: [{n, key}].
CREATE FUNCTION look_for_duplicates(p_tasks json, p_strategies json, OUT looks json, OUT own json)
LANGUAGE plpgsql AS $$
DECLARE
  look_rows json;
BEGIN
  SELECT json_agg(json_build_object('n', l.n, 'key', l.key, 'status', l.status, 'kind', l.kind, 'fields', l.fields))
  INTO look_rows FROM (
    SELECT t.n, m.status, m.kind, m.fields, dedupe_key(m.kind, m.fields, t.metadata) AS key
    FROM json_to_recordset(p_tasks) AS t (n integer, metadata jsonb, strategy integer)
    JOIN json_to_recordset(p_strategies) AS s (id integer, matchers json) ON s.id = t.strategy
    CROSS JOIN LATERAL json_to_recordset(s.matchers) AS m (status task_status, kind text, fields text[])) l
  WHERE l.key IS NOT NULL;
  look_rows := coalesce(look_rows, '[]');

  SELECT json_agg(json_build_object('n', o.n, 'key', o.key)) INTO own FROM (
    SELECT t.n, dedupe_key(t.kind, s.fields, t.metadata) AS key
    FROM json_to_recordset(p_tasks) AS t (n integer, kind text, metadata jsonb)
    JOIN dedupe_shape s ON s.kind = t.kind) o
  WHERE o.key IS NOT NULL;
  own := coalesce(own, '[]');

  -- Few locks for many keys, since the room for locks is shared by all. Sorted, so that nobody waits in a circle.
  PERFORM pg_advisory_xact_lock(7003, bucket) FROM (
    SELECT DISTINCT get_byte(uuid_send(k.key), 15) AS bucket FROM (
      SELECT key FROM json_to_recordset(look_rows) AS l (key uuid)
      UNION SELECT key FROM json_to_recordset(own) AS o (key uuid)) k
    ORDER BY bucket) b;

  WITH look AS MATERIALIZED (
    SELECT * FROM json_to_recordset(look_rows) AS l (n integer, key uuid, status task_status, kind text, fields text[])
  ), wanted AS MATERIALIZED (
    SELECT DISTINCT ON (l.key, l.status) l.*, t.metadata
    FROM look l JOIN json_to_recordset(p_tasks) AS t (n integer, metadata jsonb) ON t.n = l.n
    ORDER BY l.key, l.status
  ), found AS MATERIALIZED (
    SELECT key, status FROM wanted WHERE has_task(key, status, kind, fields, metadata)
  )
  SELECT json_agg(json_build_object('n', l.n, 'key', l.key, 'status', l.status, 'taken', f.key IS NOT NULL))
  INTO looks FROM look l LEFT JOIN found f ON f.key = l.key AND f.status = l.status;
  looks := coalesce(looks, '[]');
END $$;
