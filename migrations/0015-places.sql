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
  is_counted boolean NOT NULL DEFAULT false,
  -- Transactions that may create tasks without its keys, since they began before it was there; null until that has been
  -- looked at. Nothing is counted while one of them is under way.
  creators text[],
  -- How far counting has come: batches from the newest to the oldest, and in the last one up to a position.
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

-- Who holds the shapes' lock in share mode, by virtual transaction.
CREATE FUNCTION shapes_lock_holders() RETURNS text[]
LANGUAGE sql VOLATILE
RETURN ARRAY(
  SELECT virtualtransaction FROM pg_locks
  WHERE locktype = 'advisory' AND classid = 0 AND objid = shapes_lock_key() AND objsubid = 1 AND mode = 'ShareLock'
    AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()));

-- New shapes: the tasks that were there before count in their keys from now on; about p_limit of them in each round, for
-- millions may have ended, and what no rule holds back has to start meanwhile. Called by the claim round, whose lock
-- keeps others from reading occupancy. It waits for nobody: neither for those that create tasks without knowing of a
-- shape, nor for rows; it comes again.
--
-- more: there is more to count. waits: it has to wait for somebody first.
CREATE FUNCTION count_shapes(p_limit integer, OUT more boolean, OUT waits boolean)
LANGUAGE plpgsql AS $$
DECLARE
  s shape;
  walked record;
  steps shape[] := '{}';
  left_over integer := p_limit;
  looked_at uuid[] := '{}';
  wrong uuid[];
  locked uuid[];
BEGIN
  more := false;
  waits := false;
  IF NOT EXISTS (SELECT FROM shape WHERE NOT is_counted) THEN RETURN; END IF;
  -- Whoever takes the lock after this look sees the shape, as this statement does.
  UPDATE shape SET creators = shapes_lock_holders() WHERE NOT is_counted AND creators IS NULL;
  UPDATE shape SET creators = '{}'
  WHERE NOT is_counted AND creators <> '{}' AND NOT creators && shapes_lock_holders();

  -- In any order, so that a long one holds up no other.
  FOR s IN SELECT * FROM shape WHERE NOT is_counted AND creators = '{}' ORDER BY random() LOOP
    EXIT WHEN left_over <= 0;
    walked := walk_shape(s, left_over);
    steps := steps || walked.next;
    left_over := left_over - walked.read;
    looked_at := looked_at || walked.tasks;
  END LOOP;

  SELECT coalesce(array_agg(t.id), '{}') INTO wrong
  FROM task t JOIN task_state c ON c.id = t.id
  WHERE t.id = ANY (looked_at) AND c.keys IS DISTINCT FROM task_keys(t.kind, t.metadata);
  SELECT coalesce(array_agg(id), '{}') INTO locked FROM (
    SELECT id FROM task_state WHERE id = ANY (wrong) ORDER BY id FOR UPDATE SKIP LOCKED) l;
  UPDATE task_state c SET keys = k.keys
  FROM (SELECT t.id, task_keys(t.kind, t.metadata) AS keys FROM task t WHERE t.id = ANY (locked)) k
  WHERE c.id = k.id AND c.keys IS DISTINCT FROM k.keys;

  IF cardinality(locked) = cardinality(wrong) THEN
    UPDATE shape
    SET is_counted = n.is_counted, counted_to = n.counted_to, counted_batch = n.counted_batch,
        counted_position = n.counted_position
    FROM unnest(steps) AS n WHERE shape.id = n.id;
    UPDATE occupancy SET amount = 0, is_reopened = true
    WHERE key IN (SELECT counting_key(n.id) FROM unnest(steps) AS n WHERE n.is_counted);
    more := EXISTS (SELECT FROM shape WHERE NOT is_counted AND creators = '{}');
  ELSE
    -- The same tasks again; those that were not locked have their keys then.
    waits := true;
  END IF;
  waits := waits OR EXISTS (SELECT FROM shape WHERE NOT is_counted AND creators <> '{}');
END $$;

-- The next tasks that a shape has to look at, and where it will go on. Of what has ended it looks only at what it counts.
-- read: how much was read for it, in tasks and batches; p_limit and some more at the most.
CREATE FUNCTION walk_shape(s shape, p_limit integer, OUT next shape, OUT tasks uuid[], OUT read integer)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  batches refcursor;
  b record;
  found_here uuid[];
  last_position integer;
BEGIN
  next := s;
  tasks := '{}';
  read := 0;
  -- One more than may be read, since the batch that it stands in is read again: that there is no further one is seen
  -- only by looking for it.
  IF s.measure IN (5, 6, 8) THEN
    OPEN batches FOR
      SELECT id, created_at, kinds FROM batch
      WHERE (created_at, id) <= (s.counted_to, s.counted_batch)
      ORDER BY created_at DESC, id DESC LIMIT p_limit + 1;
  ELSE
    OPEN batches FOR
      SELECT id, created_at, kinds FROM batch
      WHERE completed_at IS NULL AND (created_at, id) <= (s.counted_to, s.counted_batch)
      ORDER BY created_at DESC, id DESC LIMIT p_limit + 1;
  END IF;
  WHILE read < p_limit LOOP
    FETCH batches INTO b;
    next.is_counted := NOT FOUND;
    EXIT WHEN next.is_counted;
    next.counted_position := 2147483647;
    IF s.kind = ANY (b.kinds) THEN
      SELECT coalesce(array_agg(id), '{}'), max(position) INTO found_here, last_position FROM (
        -- The time of its batch, for the index by kind.
        SELECT id, position FROM task
        WHERE kind = s.kind AND created_at = b.created_at AND batch_id = b.id
          AND position > CASE WHEN b.id = s.counted_batch THEN s.counted_position ELSE -1 END
        ORDER BY position LIMIT p_limit - read) t;
      tasks := tasks || found_here;
      IF cardinality(found_here) = p_limit - read THEN next.counted_position := last_position; END IF;
      read := read + cardinality(found_here);
    END IF;
    IF b.id <> s.counted_batch THEN read := read + 1; END IF;
    next.counted_to := b.created_at;
    next.counted_batch := b.id;
  END LOOP;
  CLOSE batches;
END $$;

-- Locks many tasks in the order that all who do so keep: those without open parents, which ends lock first, then
-- the others, which ends lock as children; each by id. In one statement: of two, one would miss a task that loses its
-- last parent between them.
CREATE FUNCTION lock_tasks(p_tasks uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM task_state WHERE id = ANY (p_tasks) ORDER BY open_parents > 0, id FOR UPDATE;
END $$;
