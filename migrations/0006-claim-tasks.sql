-- The claim round: which of the Pending tasks may start now, in order. One round at a time in the whole database,
-- under a lock that others wait for; only it reads and writes occupancy and lanes.

CREATE FUNCTION round_lock_key() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 7002;

-- Takes in what was committed since: changed amounts, and tasks that became Pending. A task that comes to the head
-- of a parked lane makes it ready: it is looked at once, in its place in the order.
--
-- Both are taken in by one statement: a transaction that counts and lets start (a new batch, an end) is seen with
-- both or not at all.
CREATE FUNCTION fold_inboxes() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  lanes uuid[];                 -- what arrived, a list for each column
  ranks integer[];
  times timestamptz[];
  positions integer[];
  tasks uuid[];
BEGIN
  WITH changes AS (
    DELETE FROM place_change RETURNING key, amount
  ), arrivals AS (
    DELETE FROM arrived RETURNING lane, rank, created_at, position, id
  ), counted AS (
    INSERT INTO occupancy AS o (key, amount, is_reopened)
    SELECT key, sum(amount), sum(amount) < 0 FROM changes GROUP BY key HAVING sum(amount) <> 0
    ON CONFLICT (key) DO UPDATE
    SET amount = o.amount + excluded.amount, is_reopened = o.is_reopened OR excluded.amount < 0
  )
  SELECT array_agg(lane), array_agg(rank), array_agg(created_at), array_agg(position), array_agg(id)
  INTO lanes, ranks, times, positions, tasks FROM arrivals;
  IF lanes IS NULL THEN RETURN; END IF;

  -- A lane that was empty for long has been taken away; it is made again from what its tasks need. Of these the one
  -- that was told of may have ended since, or be in another lane by now.
  IF EXISTS (SELECT FROM unnest(lanes) AS a (lane) WHERE NOT EXISTS (SELECT FROM lane l WHERE l.id = a.lane)) THEN
    INSERT INTO lane (id, origin, keys, ceilings)
    SELECT p.lane, p.origin, p.lane_keys, p.ceilings
    FROM plan_places(ARRAY(
      SELECT (SELECT s.id FROM task_state s WHERE s.lane = a.lane AND s.status = 'Pending' LIMIT 1)
      FROM (SELECT DISTINCT lane FROM unnest(lanes) AS u (lane)) a
      WHERE NOT EXISTS (SELECT FROM lane l WHERE l.id = a.lane))) p
    WHERE p.lane IS NOT NULL ORDER BY p.lane
    ON CONFLICT DO NOTHING;
  END IF;

  WITH firsts AS (
    SELECT DISTINCT ON (lane) *
    FROM unnest(lanes, ranks, times, positions, tasks) AS a (lane, rank, created_at, position, id)
    ORDER BY lane, rank, created_at, position, id
  )
  UPDATE lane l
  SET rank = f.rank, created_at = f.created_at, position = f.position, head = f.id, empty_since = NULL,
      parked_key = NULL, parked_ceiling = NULL
  FROM firsts f
  WHERE l.id = f.lane AND (l.head IS NULL
    OR (f.rank, f.created_at, f.position, f.id) < (l.rank, l.created_at, l.position, l.head));
END $$;

-- Claims up to p_limit tasks for a worker whose lease is alive, first in order first among those whose rules allow
-- it. Each claim carries the next fencing number of its task: whatever an earlier holder reports later changes
-- nothing.
--
-- p_rooms: {origin: calls that this worker may still open to it}, p_room: to every other origin. One task may be
-- claimed for an origin whose breaker is open when it is time to probe it (0024-origin-breakers.sql).
-- claims: [{id, batchId, claim, kind, onStart, origin, isProbe, attempt, maxAttempts}]. more: another round may find
-- more, without anything having changed. waits: what a new rule looks at could not be counted yet, so another round has
-- to come soon. held_back: there are tasks for origins that this worker may open no further calls to; another worker may.
-- blocked: lanes whose rules were found to allow nothing now.
--
-- A pass looks at the first lanes, by their heads: ready ones, and those parked under a key that has room again; of
-- these first as many as there is room for, and in each further pass twice as many, since behind one place of a rule
-- for all there may be ten thousand lanes. It parks what is full, walks the tasks of the rest in order over the
-- amounts, and stops at the head of the first lane that it has not looked at. Passes go on until the limit is reached
-- or no lane is left.
--
-- Others commit between the statements of a pass. Its claims are those that were right when it took in the inboxes:
-- what has arrived since is left to the next pass, since what came with it is not in the amounts yet.
CREATE FUNCTION claim_tasks(
  p_worker uuid, p_limit integer, p_rooms json, p_room integer, p_probe_secs integer,
  OUT claims json, OUT more boolean, OUT waits boolean, OUT held_back boolean, OUT blocked integer
)
LANGUAGE plpgsql
-- Small hot tables that grow and shrink: plans made from the statistics of the wrong moment cost 100 ms here.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  width integer := least(greatest(p_limit, 16), 64);
  reach integer := 1;           -- lanes to look at for each place of a key that has room again
  full_origins text[] := '{}';
  probing text[] := '{}';       -- origins that may be probed,
  probed text[] := '{}';        -- and those that will be
  locked uuid[] := '{}';        -- tasks that somebody else holds; left alone for the rest of the round, as are
  passed_over uuid[] := '{}';   -- lanes that have no others
  visited uuid[];
  closed uuid[];
  beyond record;                -- the first head that this pass does not look at
  key_list uuid[];              -- what the visited lanes need, with the amounts as the walk changes them
  amounts bigint[];
  origin_list text[];
  rooms integer[];
  candidate record;
  is_open boolean;
  counted_in uuid;
  n integer;
  picked uuid[];
  picked_lanes uuid[];
  picked_keys text[];
  picked_works bigint[];
  picked_origins integer[];     -- places in origin_list
  claimed uuid[];
  taken uuid[] := '{}';
BEGIN
  claims := '[]';
  more := false;
  waits := false;
  held_back := false;
  blocked := 0;
  PERFORM pg_advisory_xact_lock(round_lock_key());
  IF NOT EXISTS (SELECT FROM worker WHERE id = p_worker AND lease_until > clock_timestamp()) THEN RETURN; END IF;
  SELECT c.more, c.waits INTO more, waits FROM count_shapes(1000) AS c;
  more := end_backoffs() OR more;
  IF EXISTS (SELECT FROM origin_breaker WHERE probe_at <= now()) THEN probing := open_to_probes(); END IF;
  SELECT coalesce(array_agg(r.origin), '{}'), coalesce(array_agg(r.room), '{}') INTO origin_list, rooms
  FROM (
    SELECT key AS origin, value::integer AS room FROM json_each_text(p_rooms) WHERE NOT key = ANY (probing)
    UNION ALL
    SELECT unnest(probing), 1) r;
  SELECT coalesce(array_agg(o), '{}') INTO full_origins
  FROM unnest(origin_list, rooms) AS u (o, room) WHERE room <= 0;

  LOOP
    PERFORM fold_inboxes();

    -- 1. The first lanes, and of each kind one more than this pass looks at: it ends before the first of those.
    WITH reopened AS MATERIALIZED (
      SELECT key, amount, least(width, least(width, room) * reach) AS span
      FROM (
        SELECT o.key, o.amount, highest.parked_ceiling - o.amount AS room
        FROM occupancy o CROSS JOIN LATERAL (
          SELECT c.parked_ceiling FROM lane c WHERE c.parked_key = o.key ORDER BY c.parked_ceiling DESC LIMIT 1) highest
        WHERE o.is_reopened) r
      WHERE room > 0
    ), first_lanes AS (
      (SELECT l.rank, l.created_at, l.position, l.head, l.id, false AS is_beyond FROM lane l
       WHERE l.parked_key IS NULL AND l.head IS NOT NULL
         AND NOT l.id = ANY (passed_over) AND NOT l.origin = ANY (full_origins)
       ORDER BY l.rank, l.created_at, l.position, l.head LIMIT width + 1)
      UNION ALL
      SELECT p.* FROM reopened r CROSS JOIN LATERAL (
        SELECT l.rank, l.created_at, l.position, l.head, l.id,
               row_number() OVER (ORDER BY l.rank, l.created_at, l.position, l.head) > r.span AS is_beyond
        FROM lane l
        WHERE l.parked_key = r.key AND l.parked_ceiling > r.amount
          AND NOT l.id = ANY (passed_over) AND NOT l.origin = ANY (full_origins)
        ORDER BY l.rank, l.created_at, l.position, l.head LIMIT r.span + 1) p
    ), numbered AS (
      SELECT *, row_number() OVER (ORDER BY rank, created_at, position, head) AS turn FROM first_lanes
    ), cut AS (
      SELECT min(turn) AS turn FROM numbered WHERE is_beyond OR turn > width
    )
    SELECT array_agg(n.id) FILTER (WHERE c.turn IS NULL OR n.turn < c.turn) AS lanes,
           coalesce(min(n.rank) FILTER (WHERE n.turn = c.turn), 32767) AS rank,
           coalesce(min(n.created_at) FILTER (WHERE n.turn = c.turn), 'infinity') AS created_at,
           coalesce(min(n.position) FILTER (WHERE n.turn = c.turn), 0) AS position,
           coalesce((array_agg(n.head) FILTER (WHERE n.turn = c.turn))[1],
                    '00000000-0000-0000-0000-000000000000') AS head
    INTO beyond FROM numbered n CROSS JOIN cut c;
    visited := beyond.lanes;
    reach := least(reach * 2, 4096);

    IF visited IS NULL THEN
      -- Nothing left that this round may take. What it passed over under a reopened key is for another.
      UPDATE lane l SET parked_key = NULL, parked_ceiling = NULL
      FROM occupancy o WHERE o.is_reopened AND l.parked_key = o.key AND l.parked_ceiling > o.amount;
      UPDATE occupancy SET is_reopened = false WHERE is_reopened;
      EXIT;
    END IF;

    -- 2. Those that are full: parked under one key, until it shrinks. So are those whose rules look at what has not been
    -- counted yet.
    closed := park_uncounted(visited);
    WITH full_lanes AS (
      SELECT l.id, f.key, f.ceiling FROM lane l CROSS JOIN LATERAL (
        SELECT u.key, u.ceiling FROM unnest(l.keys, l.ceilings) AS u (key, ceiling)
        JOIN occupancy o ON o.key = u.key
        WHERE o.amount >= u.ceiling AND NOT (u.key = l.keys[1] AND l.origin = ANY (probing)) LIMIT 1) f
      WHERE l.id = ANY (visited) AND NOT l.id = ANY (closed)
    ), parked AS (
      UPDATE lane l SET parked_key = f.key, parked_ceiling = f.ceiling
      FROM full_lanes f WHERE l.id = f.id AND l.parked_key IS DISTINCT FROM f.key
    )
    SELECT closed || coalesce(array_agg(id), '{}') INTO closed FROM full_lanes;
    blocked := blocked + cardinality(closed);
    IF cardinality(closed) = cardinality(visited) THEN
      width := least(width * 2, 4096);
      CONTINUE;
    END IF;
    SELECT array_agg(id) INTO visited FROM unnest(visited) AS v (id) WHERE NOT id = ANY (closed);

    -- 3. The walk over the tasks of the open ones.
    SELECT coalesce(array_agg(k.key), '{}'), coalesce(array_agg(coalesce(o.amount, 0)), '{}') INTO key_list, amounts
    FROM (SELECT DISTINCT unnest(l.keys[2:]) AS key FROM lane l WHERE l.id = ANY (visited)) k
    LEFT JOIN occupancy o ON o.key = k.key;
    SELECT origin_list || coalesce(array_agg(origin), '{}'), rooms || coalesce(array_agg(p_room), '{}')
    INTO origin_list, rooms
    FROM (SELECT DISTINCT origin FROM lane l WHERE l.id = ANY (visited) AND NOT origin = ANY (origin_list)) o;
    picked := '{}'; picked_lanes := '{}'; picked_keys := '{}'; picked_works := '{}'; picked_origins := '{}';

    FOR candidate IN
      WITH open_lane AS MATERIALIZED (
        SELECT l.*, array_position(origin_list, l.origin) AS origin_at,
               ARRAY(SELECT array_position(key_list, k) FROM unnest(l.keys[2:]) AS u (k)) AS key_at
        FROM lane l WHERE l.id = ANY (visited)
      ), late AS MATERIALIZED (
        SELECT DISTINCT ON (lane) * FROM arrived ORDER BY lane, rank, created_at, position, id
      )
      SELECT s.id, s.keys, s.rank, s.created_at, s.position, s.work, l.id AS lane, l.origin, l.origin_at, l.key_at,
             l.ceilings[2:] AS ceilings
      FROM open_lane l
      LEFT JOIN task_state h ON h.id = l.head
      LEFT JOIN late a ON a.lane = l.id
      CROSS JOIN LATERAL (
        SELECT t.id, t.keys, -t.priority AS rank, t.created_at, t.position,
               remaining_work(t.expected_count, t.success, t.failures) AS work
        FROM task_state t
        WHERE t.lane = l.id AND t.status = 'Pending' AND NOT t.id = ANY (locked)
          AND (-t.priority, t.created_at, t.position, t.id) >= (l.rank, l.created_at, l.position, l.head)
          AND (-t.priority, t.created_at, t.position, t.id)
            < (beyond.rank, beyond.created_at, beyond.position, beyond.head)
          AND (a.lane IS NULL
            OR (-t.priority, t.created_at, t.position, t.id) < (a.rank, a.created_at, a.position, a.id))
        ORDER BY -t.priority, t.created_at, t.position, t.id
        -- Each task of a lane counts in the same keys of those that the lane needs: no more can start than there
        -- is room for.
        LIMIT least(p_limit - cardinality(taken), (
          SELECT min(c.ceiling - amounts[c.key_at])
          FROM unnest(l.keys[2:], l.ceilings[2:], l.key_at) AS c (key, ceiling, key_at)
          WHERE measure_of(c.key) = 0 AND c.key = ANY (h.keys)))
      ) s
      ORDER BY s.rank, s.created_at, s.position, s.id
    LOOP
      EXIT WHEN cardinality(taken) + cardinality(picked) >= p_limit;
      IF rooms[candidate.origin_at] <= 0 THEN
        IF NOT candidate.origin = ANY (full_origins) THEN full_origins := full_origins || candidate.origin; END IF;
        CONTINUE;
      END IF;
      is_open := true;
      FOR i IN 1 .. cardinality(candidate.key_at) LOOP
        IF amounts[candidate.key_at[i]] >= candidate.ceilings[i] THEN
          is_open := false;
          EXIT;
        END IF;
      END LOOP;
      CONTINUE WHEN NOT is_open;

      picked := picked || candidate.id;
      picked_lanes := picked_lanes || candidate.lane;
      picked_keys := picked_keys || candidate.keys::text;
      picked_works := picked_works || candidate.work;
      picked_origins := picked_origins || candidate.origin_at;
      rooms[candidate.origin_at] := rooms[candidate.origin_at] - 1;
      IF candidate.keys IS NOT NULL AND key_list <> '{}' THEN
        FOREACH counted_in IN ARRAY candidate.keys LOOP
          n := array_position(key_list, counted_in);
          IF n IS NOT NULL THEN
            amounts[n] := amounts[n] + amount_in(counted_in, 'Claimed', candidate.work);
          END IF;
        END LOOP;
      END IF;
    END LOOP;

    -- 4. The claim. A row that somebody is changing just now, or has changed since it was looked at, is left alone; so
    -- are batches in which a climb is still on its way: it may come to this very task.
    WITH wanted AS (
      SELECT * FROM unnest(picked, picked_lanes, picked_keys, picked_works) AS w (id, lane, keys, work)
    ), held AS MATERIALIZED (
      -- One by one and by id: as a join, or by the queue's index, it may come to reading all that is Pending.
      SELECT s.id FROM wanted w CROSS JOIN LATERAL (
        SELECT t.id FROM task_state t
        WHERE t.id = w.id AND t.status::text = 'Pending' AND t.lane = w.lane
          AND t.keys::text IS NOT DISTINCT FROM w.keys
          AND remaining_work(t.expected_count, t.success, t.failures) = w.work
          AND NOT EXISTS (SELECT FROM propagation p WHERE p.batch_id = t.batch_id AND p.upward)
        FOR UPDATE SKIP LOCKED) s
    ), changed AS (
      UPDATE task_state s
      SET status = 'Claimed', claim = s.claim + 1, worker_id = p_worker, check_at = clock_timestamp()
      FROM held WHERE s.id = held.id
      RETURNING s.id
    )
    SELECT coalesce(array_agg(id), '{}') INTO claimed FROM changed;
    taken := taken || claimed;
    IF cardinality(claimed) < cardinality(picked) THEN
      more := true;
      FOR i IN 1 .. cardinality(picked) LOOP
        IF NOT picked[i] = ANY (claimed) THEN
          locked := locked || picked[i];
          rooms[picked_origins[i]] := rooms[picked_origins[i]] + 1;
        END IF;
      END LOOP;
    ELSIF picked = '{}' AND locked <> '{}' THEN
      SELECT passed_over || array_agg(l.id) INTO passed_over
      FROM lane l WHERE l.id = ANY (visited) AND l.head = ANY (locked);
    END IF;

    -- 5. New heads. A lane that is full now is parked by the next pass, or the next round.
    UPDATE lane l
    SET (rank, created_at, position, head, empty_since) = (
          SELECT n.rank, n.created_at, n.position, n.id, CASE WHEN n.id IS NULL THEN now() END
          FROM (SELECT) AS one LEFT JOIN LATERAL (
            SELECT -t.priority AS rank, t.created_at, t.position, t.id FROM task_state t
            WHERE t.lane = l.id AND t.status = 'Pending'
              AND (-t.priority, t.created_at, t.position, t.id) >= (l.rank, l.created_at, l.position, l.head)
            ORDER BY -t.priority, t.created_at, t.position, t.id LIMIT 1) n ON true),
        parked_key = NULL, parked_ceiling = NULL
    WHERE l.id = ANY (visited);

    IF cardinality(taken) >= p_limit THEN
      more := true;
      EXIT;
    END IF;
  END LOOP;

  IF probing <> '{}' THEN
    probed := ARRAY(SELECT DISTINCT l.origin FROM task_state s JOIN lane l ON l.id = s.lane
                    WHERE s.id = ANY (taken) AND l.origin = ANY (probing));
    more := close_to_probes(probing, probed, p_probe_secs) OR more;
  END IF;
  IF full_origins <> '{}' AND NOT more THEN
    held_back := EXISTS (
      SELECT FROM lane WHERE parked_key IS NULL AND head IS NOT NULL AND origin = ANY (full_origins));
  END IF;

  IF taken <> '{}' THEN
    SELECT json_agg(json_build_object('id', s.id, 'batchId', s.batch_id, 'claim', s.claim, 'kind', t.kind,
                                      'onStart', encode(t.on_start, 'hex'), 'origin', l.origin,
                                      'isProbe', l.origin = ANY (probed),
                                      'attempt', s.attempt, 'maxAttempts', s.max_attempts)
                    ORDER BY -s.priority, s.created_at, s.position, s.id)
    INTO claims
    FROM unnest(taken) AS u (id)
    JOIN task_state s ON s.id = u.id JOIN task t ON t.id = u.id JOIN lane l ON l.id = s.lane;
  END IF;
END $$;
