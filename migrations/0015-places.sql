-- Places: what a task holds in every rule that matches it.
--
-- A rule looks at the tasks of one kind whose metadata has certain values. A *shape* is such a look without the
-- values: (measure, kind, fields). With the values it is a *key*, a hash. Each task stores the keys that it counts
-- in, whether it has rules itself or not, so what it frees is exactly what it took. How much it counts follows from
-- its row alone (amount_in), and a trigger turns every change of that into a line of place_change, in the same
-- transaction: no way out of Claimed or Running can leak a place. Claim rounds fold the lines into occupancy, so
-- ends and claims never wait for each other. occupancy plus place_change equals the live rows, in any snapshot.

-- What is counted: 0 Claimed and Running tasks, 1 their remaining work, 2 to 8 the tasks in exactly one status.
-- Not of tasks: 253 is 1 while a shape is being counted, and 255, the key of an origin, while its breaker is open.
CREATE FUNCTION measure_of_status(p_status task_status) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_status
  WHEN 'Waiting' THEN 2 WHEN 'Pending' THEN 3 WHEN 'Claimed' THEN 4 WHEN 'Success' THEN 5
  WHEN 'Failure' THEN 6 WHEN 'Paused' THEN 7 WHEN 'Canceled' THEN 8 END;

-- The first byte of a key is its measure.
CREATE FUNCTION measure_of(p_key uuid) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN get_byte(uuid_send(p_key), 0);

CREATE FUNCTION remaining_work(p_expected integer, p_success integer, p_failures integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(coalesce(p_expected, 0)::bigint - p_success - p_failures, 0);

-- How much a task in this state counts in one of its keys.
CREATE FUNCTION amount_in(p_key uuid, p_status task_status, p_work bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE measure_of(p_key)
  WHEN 0 THEN CASE WHEN p_status IN ('Claimed', 'Running') THEN 1 ELSE 0 END
  WHEN 1 THEN CASE WHEN p_status IN ('Claimed', 'Running') THEN p_work ELSE 0 END
  WHEN measure_of_status(p_status) THEN 1
  ELSE 0 END;

CREATE FUNCTION hash_key(p_measure integer, p_content text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(set_byte(substring(sha256(convert_to(p_content, 'UTF8')) FROM 1 FOR 16), 0, p_measure), 'hex')::uuid;

-- Text that is equal exactly when the JSON values are: 1 and 1.0 are, and jsonb has sorted the keys of objects.
CREATE FUNCTION canonical_json(p_value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  CASE jsonb_typeof(p_value)
    WHEN 'number' THEN
      RETURN trim_scale(p_value::numeric)::text;
    WHEN 'array' THEN
      RETURN (SELECT '[' || coalesce(string_agg(canonical_json(e), ',' ORDER BY n), '') || ']'
              FROM jsonb_array_elements(p_value) WITH ORDINALITY AS a (e, n));
    WHEN 'object' THEN
      RETURN (SELECT '{' || coalesce(string_agg(to_json(k) || ':' || canonical_json(v), ',' ORDER BY n), '') || '}'
              FROM jsonb_each(p_value) WITH ORDINALITY AS o (k, v, n));
    ELSE
      RETURN p_value::text;
  END CASE;
END $$;

-- The key of a shape for the values that this metadata has; null when it lacks a field.
CREATE FUNCTION place_key(p_measure integer, p_kind text, p_fields text[], p_metadata jsonb) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  content text := to_json(p_kind);
  field text;
  value jsonb;
BEGIN
  FOREACH field IN ARRAY p_fields LOOP
    value := p_metadata -> field;
    IF value IS NULL THEN RETURN NULL; END IF;
    content := content || ',' || to_json(field) || ':' || canonical_json(value);
  END LOOP;
  RETURN hash_key(p_measure, content);
END $$;

CREATE FUNCTION shape_id(p_measure integer, p_kind text, p_fields text[]) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hash_key(p_measure, to_json(p_kind) || p_fields::text);

-- What lanes are parked under while a shape that their rules look at is being counted.
CREATE FUNCTION counting_key(p_shape uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hash_key(253, p_shape::text);

CREATE TABLE shape (
  id uuid PRIMARY KEY,           -- shape_id
  kind text NOT NULL,
  measure integer NOT NULL,
  fields text[] NOT NULL,        -- sorted
  -- Tasks that come after a shape count in its keys from the start. Claim rounds see to those that were there before it
  -- (count_shapes), and let nothing start that is held to it until then.
  is_fenced boolean NOT NULL DEFAULT false,  -- whatever was created without its keys has been committed
  is_counted boolean NOT NULL DEFAULT false,
  -- How far that has come: batches from the newest to the oldest, and in the last one up to a position.
  counted_to timestamptz NOT NULL DEFAULT 'infinity',
  counted_batch uuid NOT NULL DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  counted_position integer NOT NULL DEFAULT 0
);
CREATE INDEX shape_by_kind ON shape (kind);
CREATE INDEX shape_uncounted ON shape (id) WHERE NOT is_counted;

CREATE TABLE occupancy (
  key uuid PRIMARY KEY,
  amount bigint NOT NULL,
  -- It has shrunk, and lanes parked under it have not been looked at since.
  is_reopened boolean NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX occupancy_reopened ON occupancy (key) WHERE is_reopened;

CREATE TABLE place_change (
  key uuid NOT NULL,
  amount bigint NOT NULL
) WITH (vacuum_truncate = off);

-- Who computes keys, and counts on the shapes not to change before it commits, holds this lock in share mode,
-- and takes it before any row.
CREATE FUNCTION shapes_lock_key() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 7001;

CREATE FUNCTION task_keys(p_kind text, p_metadata jsonb) RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT array_agg(k ORDER BY k)
  FROM (SELECT place_key(measure, kind, fields, p_metadata) AS k FROM shape WHERE kind = p_kind) keys
  WHERE k IS NOT NULL);

CREATE FUNCTION record_place_change() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  work_before bigint := remaining_work(OLD.expected_count, OLD.success, OLD.failures);
  work_now bigint := remaining_work(NEW.expected_count, NEW.success, NEW.failures);
BEGIN
  IF OLD.keys = NEW.keys THEN
    INSERT INTO place_change (key, amount)
    SELECT key, change
    FROM (SELECT key, amount_in(key, NEW.status, work_now) - amount_in(key, OLD.status, work_before) AS change
          FROM unnest(NEW.keys) AS u (key)) c
    WHERE change <> 0;
  ELSE
    INSERT INTO place_change (key, amount)
    SELECT key, sum(amount)
    FROM (
      SELECT key, amount_in(key, NEW.status, work_now) AS amount FROM unnest(NEW.keys) AS u (key)
      UNION ALL
      SELECT key, -amount_in(key, OLD.status, work_before) FROM unnest(OLD.keys) AS u (key)) c
    GROUP BY key HAVING sum(amount) <> 0;
  END IF;
  RETURN NULL;
END $$;

-- The WHEN clause costs no call for tasks that no rule looks at.
CREATE TRIGGER places AFTER UPDATE OF status, keys, success, failures, expected_count ON task_state
FOR EACH ROW
WHEN ((NEW.keys IS NOT NULL OR OLD.keys IS NOT NULL)
  AND (NEW.status, NEW.keys, NEW.success, NEW.failures, NEW.expected_count)
    IS DISTINCT FROM (OLD.status, OLD.keys, OLD.success, OLD.failures, OLD.expected_count))
EXECUTE FUNCTION record_place_change();

-- Waits for whoever creates tasks without knowing of the newest shapes, and keeps others from beginning meanwhile; so
-- not for long. False: somebody takes longer.
CREATE FUNCTION fence_shapes() RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(shapes_lock_key());
  UPDATE shape SET is_fenced = true WHERE NOT is_fenced;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

-- New shapes: the tasks that were there before count in their keys from now on; p_limit of them in each round at most,
-- for millions may have ended, and what no rule holds back has to start meanwhile. Called by the claim round, whose lock
-- keeps others from reading occupancy.
CREATE FUNCTION count_shapes(p_limit integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  s shape;
  left_over integer := p_limit;
BEGIN
  IF NOT EXISTS (SELECT FROM shape WHERE NOT is_counted) THEN RETURN; END IF;
  IF EXISTS (SELECT FROM shape WHERE NOT is_counted AND NOT is_fenced) THEN PERFORM fence_shapes(); END IF;
  -- In any order, so that a long one holds up no other.
  FOR s IN SELECT * FROM shape WHERE NOT is_counted AND is_fenced ORDER BY random() LOOP
    left_over := count_shape(s, left_over);
    EXIT WHEN left_over <= 0;
  END LOOP;
END $$;

-- Goes on with one of them; gives back how many of p_limit are left. Of what has ended it looks only at what it counts.
CREATE FUNCTION count_shape(s shape, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  batches refcursor;
  b record;
  found_here uuid[];
  last_position integer;
  looked_at uuid[] := '{}';
  affected uuid[];
  left_over integer := p_limit;
BEGIN
  IF s.measure IN (5, 6, 8) THEN
    OPEN batches FOR
      SELECT id, created_at, kinds FROM batch
      WHERE (created_at, id) <= (s.counted_to, s.counted_batch) ORDER BY created_at DESC, id DESC LIMIT p_limit;
  ELSE
    OPEN batches FOR
      SELECT id, created_at, kinds FROM batch
      WHERE completed_at IS NULL AND (created_at, id) <= (s.counted_to, s.counted_batch)
      ORDER BY created_at DESC, id DESC LIMIT p_limit;
  END IF;
  LOOP
    FETCH batches INTO b;
    s.is_counted := NOT FOUND;
    EXIT WHEN s.is_counted;
    found_here := '{}';
    IF s.kind = ANY (b.kinds) THEN
      SELECT coalesce(array_agg(id), '{}'), max(position) INTO found_here, last_position FROM (
        SELECT id, position FROM task
        WHERE batch_id = b.id AND kind = s.kind
          AND position > CASE WHEN b.id = s.counted_batch THEN s.counted_position ELSE -1 END
        ORDER BY position LIMIT left_over) t;
    END IF;
    looked_at := looked_at || found_here;
    s.counted_position := CASE WHEN cardinality(found_here) = left_over THEN last_position ELSE 2147483647 END;
    left_over := left_over - cardinality(found_here) - CASE WHEN b.id = s.counted_batch THEN 0 ELSE 1 END;
    s.counted_to := b.created_at;
    s.counted_batch := b.id;
    EXIT WHEN left_over <= 0;
  END LOOP;
  CLOSE batches;

  SELECT array_agg(t.id) INTO affected
  FROM task t JOIN task_state c ON c.id = t.id
  CROSS JOIN LATERAL (SELECT place_key(s.measure, s.kind, s.fields, t.metadata)) AS k (key)
  WHERE t.id = ANY (looked_at) AND NOT k.key = ANY (coalesce(c.keys, '{}'));
  PERFORM lock_tasks(affected);
  UPDATE task_state c SET keys = k.keys
  FROM (SELECT t.id, task_keys(t.kind, t.metadata) AS keys FROM task t WHERE t.id = ANY (affected)) k
  WHERE c.id = k.id AND c.keys IS DISTINCT FROM k.keys;

  UPDATE shape
  SET is_counted = s.is_counted, counted_to = s.counted_to, counted_batch = s.counted_batch,
      counted_position = s.counted_position
  WHERE id = s.id;
  IF s.is_counted THEN
    UPDATE occupancy SET amount = 0, is_reopened = true WHERE key = counting_key(s.id);
  END IF;
  RETURN left_over;
END $$;

-- Locks many tasks in the order that all who do so keep: those without open parents, which ends lock first, then
-- the others, which ends lock as children; each by id.
CREATE FUNCTION lock_tasks(p_tasks uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM task_state WHERE id = ANY (p_tasks) AND open_parents = 0 ORDER BY id FOR UPDATE;
  PERFORM FROM task_state WHERE id = ANY (p_tasks) AND open_parents > 0 ORDER BY id FOR UPDATE;
END $$;
