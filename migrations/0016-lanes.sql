-- Lanes: tasks that need the same room, in the order in which they are to start.
--
-- Tasks with the same rules and the same values in them, for the same origin, may start under the same condition:
-- each key of the lane must be below its ceiling. So one look answers for all of them, however many wait. A lane
-- is ready, or parked under exactly one full key with its ceiling, and is not looked at before that key has shrunk.
-- Only claim rounds write lanes, but for new ones; a task that becomes Pending leaves a line in arrived.

CREATE TABLE lane (
  id uuid PRIMARY KEY,           -- the hash of origin, keys and ceilings
  origin text NOT NULL,
  keys uuid[] NOT NULL,          -- the first is the origin's
  ceilings bigint[] NOT NULL,    -- the lane is open while each key's amount is below its ceiling
  -- Its first Pending task, or one that was: never one that is behind another. Null when none waits.
  rank integer,                  -- of the head: minus its priority, so that all of the order ascends
  created_at timestamptz,
  position integer,
  head uuid,
  empty_since timestamptz DEFAULT now(),
  parked_key uuid,
  parked_ceiling bigint,
  CHECK ((head IS NULL) = (rank IS NULL) AND (head IS NULL) = (empty_since IS NOT NULL)),
  CHECK ((parked_key IS NULL) = (parked_ceiling IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX lane_ready ON lane (rank, created_at, position, head) WHERE parked_key IS NULL AND head IS NOT NULL;
CREATE INDEX lane_empty ON lane (empty_since) WHERE head IS NULL;
CREATE INDEX lane_parked ON lane (parked_key, rank, created_at, position, head) WHERE parked_key IS NOT NULL;
-- Whether any of those under a key has room.
CREATE INDEX lane_parked_ceiling ON lane (parked_key, parked_ceiling) WHERE parked_key IS NOT NULL;

CREATE TABLE arrived (
  lane uuid NOT NULL,
  rank integer NOT NULL,
  created_at timestamptz NOT NULL,
  position integer NOT NULL,
  id uuid NOT NULL
) WITH (vacuum_truncate = off);

CREATE FUNCTION origin_key(p_origin text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hash_key(255, p_origin);

CREATE FUNCTION lane_id(p_origin text, p_keys uuid[], p_ceilings bigint[]) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hash_key(0, p_origin || p_keys::text || p_ceilings::text);

-- What a task needs to start. keys is null when it cannot start as it is: it lacks a field of a matcher, or the
-- expected_count that a capacity rule asks for. Another kind may match up to and including the rule's limit, and
-- a task that is counted itself while it waits (a rule about Pending tasks) does not stand in its own way.
CREATE FUNCTION task_needs(
  p_needs jsonb, p_kind text, p_metadata jsonb, p_expected integer, OUT keys uuid[], OUT ceilings bigint[]
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN bool_and(is_met) THEN array_agg(key ORDER BY key) END, array_agg(ceiling ORDER BY key)
  FROM (
    SELECT key, min(ceiling) AS ceiling, bool_and(key IS NOT NULL AND (measure <> 1 OR p_expected IS NOT NULL)) AS is_met
    FROM (
      SELECT place_key(n.measure, n.kind, n.fields, p_metadata) AS key, n.measure,
             n.ceiling + CASE WHEN n.measure = 1 THEN 0 WHEN n.kind <> p_kind OR n.measure = 3 THEN 1 ELSE 0 END AS ceiling
      FROM jsonb_to_recordset(p_needs) AS n (measure integer, kind text, fields text[], ceiling bigint)) each_rule
    GROUP BY key) each_key;
$$;

CREATE FUNCTION insert_rule_sets(p_rule_sets json) RETURNS void
LANGUAGE sql AS $$
  -- Sorted, so that two batches with the same new ones do not deadlock on them.
  INSERT INTO rule_set (hash, rules, needs)
  SELECT decode(hash, 'hex'), rules, needs
  FROM json_to_recordset(p_rule_sets) AS r (hash text, rules json, needs jsonb)
  ORDER BY hash
  ON CONFLICT DO NOTHING;
$$;

-- Renews rule sets that were saved before in this transaction; comes last in it, as save_actions does.
CREATE FUNCTION renew_rule_sets(p_rule_sets json) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF json_array_length(p_rule_sets) = 0 THEN RETURN; END IF;
  UPDATE rule_set SET used_at = now() WHERE hash IN (
    SELECT hash FROM rule_set
    WHERE hash = ANY (ARRAY(SELECT decode(hash, 'hex') FROM json_to_recordset(p_rule_sets) AS r (hash text)))
      AND used_at < now() - use_step()
    ORDER BY hash FOR UPDATE);
  PERFORM insert_rule_sets(p_rule_sets);
END $$;

-- Stores rule sets that are new, and the shapes that they look at. The caller holds the shapes' lock in share mode.
--
-- Raises program_limit_exceeded when a kind would be looked at in more than 32 ways: each is a key more that each
-- of its tasks counts in.
CREATE FUNCTION save_rule_sets(p_rule_sets json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  crowded text;
BEGIN
  IF json_array_length(p_rule_sets) = 0 THEN RETURN; END IF;
  PERFORM insert_rule_sets(p_rule_sets);
  INSERT INTO shape (id, kind, measure, fields)
  SELECT DISTINCT shape_id(n.measure, n.kind, n.fields) AS id, n.kind, n.measure, n.fields
  FROM json_to_recordset(p_rule_sets) AS r (needs jsonb)
  CROSS JOIN LATERAL jsonb_to_recordset(r.needs) AS n (measure integer, kind text, fields text[])
  WHERE NOT EXISTS (SELECT FROM shape s WHERE s.id = shape_id(n.measure, n.kind, n.fields))
  ORDER BY id
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    SELECT kind INTO crowded FROM shape
    WHERE kind IN (SELECT n.kind FROM json_to_recordset(p_rule_sets) AS r (needs jsonb)
                   CROSS JOIN LATERAL jsonb_to_recordset(r.needs) AS n (kind text))
    GROUP BY kind HAVING count(*) > 32 LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'the rules look at tasks of kind % in more than 32 ways', crowded
        USING ERRCODE = 'program_limit_exceeded', CONSTRAINT = 'shapes_per_kind', DETAIL = crowded;
    END IF;
  END IF;
END $$;

-- Tells the next claim round of tasks that are Pending now: of each lane the first.
CREATE FUNCTION announce_arrivals(p_tasks uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO arrived (lane, rank, created_at, position, id)
  SELECT DISTINCT ON (lane) lane, -priority, created_at, position, id
  FROM task_state
  -- As text, since by the queue's index it would come to reading all that is Pending.
  WHERE id = ANY (p_tasks) AND status::text = 'Pending' AND lane IS NOT NULL
  ORDER BY lane, -priority, created_at, position, id;
END $$;

-- The keys and lanes that the rules, metadata and counts of now give to tasks that have not ended. lane is null when
-- the task cannot start as it is, or is in backoff.
CREATE FUNCTION plan_places(p_tasks uuid[])
RETURNS TABLE (id uuid, keys uuid[], lane uuid, origin text, lane_keys uuid[], ceilings bigint[])
LANGUAGE sql STABLE AS $$
  WITH planned AS MATERIALIZED (
    SELECT s.id, a.origin, task_keys(t.kind, t.metadata) AS keys,
           origin_key(a.origin) || coalesce(n.keys, '{}') AS lane_keys, 1 || coalesce(n.ceilings, '{}') AS ceilings,
           s.backoff_until IS NULL AND (s.rules IS NULL OR n.keys IS NOT NULL) AS can_start
    FROM task_state s
    JOIN task t ON t.id = s.id
    JOIN action a ON a.hash = t.on_start
    LEFT JOIN rule_set r ON r.hash = s.rules
    LEFT JOIN LATERAL task_needs(r.needs, t.kind, t.metadata, s.expected_count) n ON r.needs IS NOT NULL
    WHERE s.id = ANY (p_tasks) AND NOT is_terminal(s.status)
  )
  SELECT id, keys, CASE WHEN can_start THEN lane_id(origin, lane_keys, ceilings) END, origin, lane_keys, ceilings
  FROM planned;
$$;

-- Puts tasks into the keys and lanes that are theirs now. The caller holds the rows, and the shapes' lock in share
-- mode since before.
CREATE FUNCTION place_tasks(p_tasks uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  WITH placed AS MATERIALIZED (
    SELECT * FROM plan_places(p_tasks)
  ), lanes AS (
    INSERT INTO lane (id, origin, keys, ceilings)
    SELECT DISTINCT ON (lane) lane, origin, lane_keys, ceilings FROM placed WHERE lane IS NOT NULL ORDER BY lane
    ON CONFLICT DO NOTHING
  )
  UPDATE task_state s SET keys = p.keys, lane = p.lane
  FROM placed p
  WHERE s.id = p.id AND (s.keys, s.lane) IS DISTINCT FROM (p.keys, p.lane);
  PERFORM announce_arrivals(p_tasks);
END $$;

-- Parks those of these lanes whose rules look at what has not been counted yet, and gives them back. All tasks of a lane
-- have rules that look in the same ways, so the first that waits tells.
CREATE FUNCTION park_uncounted(p_lanes uuid[]) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
  uncounted uuid[] := ARRAY(SELECT id FROM shape WHERE NOT is_counted);
  parked uuid[];
BEGIN
  IF uncounted = '{}' THEN RETURN '{}'; END IF;
  WITH held AS MATERIALIZED (
    SELECT l.id, counting_key(look.shape) AS key
    FROM lane l
    CROSS JOIN LATERAL (
      SELECT rules FROM task_state t WHERE t.lane = l.id AND t.status = 'Pending'
      ORDER BY -t.priority, t.created_at, t.position, t.id LIMIT 1) t
    JOIN rule_set r ON r.hash = t.rules
    CROSS JOIN LATERAL (
      SELECT n.shape
      FROM (SELECT shape_id(measure, kind, fields) AS shape
            FROM jsonb_to_recordset(r.needs) AS e (measure integer, kind text, fields text[])) n
      WHERE n.shape = ANY (uncounted) LIMIT 1) look
    WHERE l.id = ANY (p_lanes)
  ), marked AS (
    INSERT INTO occupancy (key, amount, is_reopened) SELECT DISTINCT key, 1, false FROM held
    ON CONFLICT (key) DO UPDATE SET amount = 1, is_reopened = false
  ), changed AS (
    UPDATE lane l SET parked_key = h.key, parked_ceiling = 1
    FROM held h WHERE l.id = h.id AND l.parked_key IS DISTINCT FROM h.key
  )
  SELECT coalesce(array_agg(id), '{}') INTO parked FROM held;
  RETURN parked;
END $$;
