-- What the overview shows. Whatever takes more than a look at a few rows is found out when the sample is taken, by one
-- process for all; the overview itself only reads what is there.

-- Ends that had a kind to tell, in steps of five minutes: each process reports what it has counted itself.
CREATE TABLE kind_ends (
  at timestamptz NOT NULL,       -- the beginning of the step
  kind text NOT NULL,
  ended bigint NOT NULL,
  failed bigint NOT NULL,
  PRIMARY KEY (at, kind)
) WITH (fillfactor = 70);

-- p_ends: [{kind, ended, failed}], a kind once.
CREATE FUNCTION report_ends(p_ends json) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO kind_ends AS k (at, kind, ended, failed)
  SELECT date_bin('5 minutes', now(), 'epoch'), kind, ended, failed
  FROM json_to_recordset(p_ends) AS e (kind text, ended bigint, failed bigint)
  -- Sorted, so that two processes do not deadlock on them.
  ORDER BY kind
  ON CONFLICT (at, kind) DO UPDATE SET ended = k.ended + excluded.ended, failed = k.failed + excluded.failed;
$$;

-- Puts the sample just taken into the row of its minute, and forgets what is old.
CREATE FUNCTION record_sample_minute() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  this sample_minute;
BEGIN
  SELECT date_trunc('minute', s.taken_at), sum(n.total), coalesce(sum(n.total) FILTER (WHERE n.status = 'Success'), 0),
         coalesce(sum(n.total) FILTER (WHERE n.status = 'Failure'), 0),
         coalesce(sum(n.total) FILTER (WHERE n.status = 'Canceled'), 0),
         coalesce(sum(n.total) FILTER (WHERE n.status = 'Pending'), 0),
         coalesce(sum(n.total) FILTER (WHERE n.status = 'Running'), 0)
  INTO this
  FROM sample s LEFT JOIN LATERAL (
    SELECT key AS status, value::bigint AS total FROM json_each_text(s.content -> 'tasksByStatus')
    UNION ALL
    SELECT key, value::bigint FROM jsonb_each_text(s.archived)) n ON true
  GROUP BY s.taken_at;
  this.created := coalesce(this.created, 0);

  -- The very first has nothing before it that it could be compared with.
  IF NOT EXISTS (SELECT FROM sample_minute) THEN
    INSERT INTO sample_minute
    VALUES (this.at - interval '1 minute', this.created, this.succeeded, this.failed, this.canceled,
            this.pending, this.running);
  END IF;
  INSERT INTO sample_minute SELECT this.*
  ON CONFLICT (at) DO UPDATE
  SET created = excluded.created, succeeded = excluded.succeeded, failed = excluded.failed,
      canceled = excluded.canceled, pending = excluded.pending, running = excluded.running;
  DELETE FROM sample_minute WHERE at < this.at - interval '1 day';
  DELETE FROM kind_ends WHERE at < this.at - interval '70 minutes';
END $$;

-- The rules with the fullest keys, those first that tasks wait under. A key is a hash: what it stands for is told by a
-- task that carries the rule, one that waits under it or one of those that run.
CREATE FUNCTION fullest_rules_json(p_limit integer) RETURNS json
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  WITH parked AS MATERIALIZED (
    SELECT parked_key AS key, min(parked_ceiling) AS ceiling, count(*) AS lanes
    FROM lane WHERE parked_key IS NOT NULL AND head IS NOT NULL AND NOT measure_of(parked_key) IN (253, 255)
    GROUP BY parked_key ORDER BY count(*) DESC, parked_key LIMIT p_limit
  ), witness AS MATERIALIZED (
    SELECT h.head AS id FROM parked p CROSS JOIN LATERAL (
      SELECT l.head FROM lane l WHERE l.parked_key = p.key AND l.head IS NOT NULL
      ORDER BY l.rank, l.created_at, l.position, l.head LIMIT 1) h
    UNION
    SELECT id FROM (
      SELECT id FROM task_state WHERE status = 'Running' AND rules IS NOT NULL ORDER BY check_at LIMIT 500) r
  ), known AS MATERIALIZED (
    SELECT DISTINCT ON (k.key) k.key, n.measure, n.kind, n.fields, n.ceiling, t.metadata
    FROM witness w
    JOIN task_state s ON s.id = w.id
    JOIN task t ON t.id = w.id
    JOIN rule_set r ON r.hash = s.rules
    CROSS JOIN LATERAL jsonb_to_recordset(r.needs) AS n (measure integer, kind text, fields text[], ceiling bigint)
    CROSS JOIN LATERAL (SELECT place_key(n.measure, n.kind, n.fields, t.metadata) AS key) k
    WHERE k.key IS NOT NULL
    ORDER BY k.key, n.ceiling
  ), fullest AS MATERIALIZED (
    SELECT k.*, coalesce(o.amount, 0) AS amount, coalesce(p.lanes, 0) AS lanes
    FROM known k LEFT JOIN occupancy o ON o.key = k.key LEFT JOIN parked p ON p.key = k.key
    ORDER BY p.key IS NULL, coalesce(o.amount, 0)::float8 / greatest(k.ceiling, 1) DESC, p.lanes DESC, k.key
    LIMIT p_limit
  )
  SELECT coalesce(json_agg(json_build_object(
    'type', CASE WHEN f.measure = 1 THEN 'Capacity' ELSE 'Concurency' END,
    'status', CASE WHEN f.measure < 2 THEN 'Running' ELSE (
      SELECT st::text FROM unnest(enum_range(NULL::task_status)) AS e (st)
      WHERE measure_of_status(st) = f.measure) END,
    'kind', f.kind,
    'fields', f.fields,
    'values', (
      SELECT CASE WHEN octet_length(v.shown::text) <= 1000 THEN v.shown END
      FROM (SELECT coalesce(json_object_agg(name, f.metadata -> name), '{}') AS shown FROM unnest(f.fields) AS u (name)) v),
    'occupancy', f.amount,
    'limit', f.ceiling,
    'waiting', (
      SELECT count(*) FROM (
        SELECT FROM lane l JOIN task_state s ON s.lane = l.id AND s.status = 'Pending'
        WHERE l.parked_key = f.key LIMIT 1000) w)
  ) ORDER BY f.lanes = 0, f.amount::float8 / greatest(f.ceiling, 1) DESC, f.lanes DESC, f.key), '[]')
  FROM fullest f;
$$;

-- What a sample holds for the overview alone.
CREATE FUNCTION overview_sample_json() RETURNS json
LANGUAGE sql STABLE AS $$
  WITH oldest AS (
    -- Of those that were created first, the one that has been Pending for longest.
    SELECT s.id, s.last_updated FROM (
      SELECT id FROM task_state WHERE status = 'Pending' ORDER BY created_at LIMIT 100) first_created
    JOIN task_state s ON s.id = first_created.id
    ORDER BY s.last_updated, s.id LIMIT 1
  ), some_pending AS MATERIALIZED (
    SELECT id FROM task_state WHERE status = 'Pending' LIMIT 10001
  )
  SELECT json_build_object(
    'oldest_pending', (
      SELECT json_build_object('id', t.id, 'name', t.name, 'kind', t.kind, 'since', rfc3339(o.last_updated))
      FROM oldest o JOIN task t ON t.id = o.id),
    -- By kind they are counted only when they are few enough to look at each.
    'pending_by_kind', CASE WHEN (SELECT count(*) FROM some_pending) <= 10000 THEN (
      SELECT coalesce(json_object_agg(kind, n), '{}') FROM (
        SELECT t.kind, count(*) AS n FROM some_pending p JOIN task t ON t.id = p.id
        GROUP BY t.kind ORDER BY n DESC LIMIT 1000) k) END,
    'rules', fullest_rules_json(20),
    'delivering', (
      SELECT coalesce(json_object_agg(worker_id, n), '{}') FROM (
        SELECT worker_id, count(*) AS n FROM delivery
        WHERE status = 'Pending' AND next_attempt_at > now() AND worker_id IS NOT NULL
        GROUP BY worker_id) w),
    'exhausted', (SELECT count(*) FROM (SELECT FROM delivery WHERE status = 'Exhausted' LIMIT 10000) e));
$$;

-- What has happened in each minute of the last hour; null where no sample was taken. What happened while none was
-- taken is told by the first one after it.
CREATE FUNCTION overview_series_json() RETURNS json
LANGUAGE sql STABLE AS $$
  WITH bounds AS (
    SELECT date_trunc('minute', now()) - interval '59 minutes' AS first, date_trunc('minute', now()) AS last
  ), known AS (
    SELECT m.at, m.pending, m.running,
           greatest(m.created - lag(m.created) OVER w, 0) AS created,
           greatest(m.succeeded - lag(m.succeeded) OVER w, 0) AS succeeded,
           greatest(m.failed - lag(m.failed) OVER w, 0) AS failed,
           greatest(m.canceled - lag(m.canceled) OVER w, 0) AS canceled
    FROM sample_minute m
    WHERE m.at >= coalesce((SELECT max(at) FROM sample_minute, bounds WHERE at < first), (SELECT first FROM bounds))
    WINDOW w AS (ORDER BY m.at)
  )
  SELECT json_agg(json_build_object(
    'at', rfc3339(minute.at), 'created', k.created, 'succeeded', k.succeeded, 'failed', k.failed,
    'canceled', k.canceled, 'pending', k.pending, 'running', k.running) ORDER BY minute.at)
  FROM bounds b CROSS JOIN LATERAL generate_series(b.first, b.last, interval '1 minute') AS minute (at)
  LEFT JOIN known k ON k.at = minute.at;
$$;

CREATE FUNCTION overview_json() RETURNS json
LANGUAGE sql STABLE AS $$
  WITH running AS (
    SELECT r.key AS kind, r.value::bigint AS n FROM sample s, json_each_text(s.content -> 'runningByKind') r
  ), pending AS (
    SELECT r.key AS kind, r.value::bigint AS n
    FROM sample s, json_each_text(CASE json_typeof(s.overview -> 'pending_by_kind')
                                    WHEN 'object' THEN s.overview -> 'pending_by_kind' END) r
  ), ends AS (
    SELECT kind, sum(ended) AS ended, sum(failed) AS failed FROM kind_ends
    WHERE at > now() - interval '1 hour' GROUP BY kind
  ), busiest AS (
    SELECT kind, coalesce(r.n, 0) AS running, coalesce(p.n, 0) AS pending, coalesce(e.ended, 0) AS ended,
           coalesce(e.failed, 0) AS failed
    FROM running r FULL JOIN pending p USING (kind) FULL JOIN ends e USING (kind)
    ORDER BY coalesce(e.ended, 0) + coalesce(r.n, 0) DESC, coalesce(p.n, 0) DESC, kind LIMIT 20
  ), claims AS (
    SELECT worker_id, count(*) AS n FROM task_state WHERE status = 'Claimed' GROUP BY worker_id
  ), alive AS (
    SELECT w.*, coalesce(c.n, 0) AS claimed,
           coalesce((s.overview -> 'delivering' ->> w.id::text)::bigint, 0) AS delivering
    FROM worker w LEFT JOIN claims c ON c.worker_id = w.id LEFT JOIN sample s ON true
    ORDER BY w.started_at, w.id LIMIT 100
  )
  SELECT json_build_object(
    'now', rfc3339(now()),
    'sampled_at', rfc3339(s.taken_at),
    'series', overview_series_json(),
    'oldest_pending', s.overview -> 'oldest_pending',
    'kinds', (
      SELECT coalesce(json_agg(json_build_object(
        'kind', kind, 'running', running,
        'pending', CASE WHEN json_typeof(s.overview -> 'pending_by_kind') = 'object' THEN pending END,
        'ended', ended, 'failed', failed) ORDER BY ended + running DESC, pending DESC, kind), '[]') FROM busiest),
    'rules', coalesce(s.overview -> 'rules', '[]'),
    'workers', (
      SELECT coalesce(json_agg(json_build_object(
        'id', id, 'host', host, 'pid', pid, 'started_at', rfc3339(started_at), 'lease_until', rfc3339(lease_until),
        'claimed', claimed, 'delivering', delivering) ORDER BY started_at, id), '[]') FROM alive),
    'deliveries', json_build_object(
      'pending', coalesce((s.content ->> 'pendingDeliveries')::bigint, 0),
      'exhausted', coalesce((s.overview ->> 'exhausted')::bigint, 0)))
  FROM (SELECT) AS always LEFT JOIN sample s ON true;
$$;
