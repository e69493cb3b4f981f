-- What the gauges of the whole fleet tell. One process at a time takes samples, and it alone shows them, so that they
-- are not summed twice; a scrape never counts rows. What is counted is live: tasks of finished batches are counted
-- once, when their batch ends.

CREATE TABLE sample (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  taken_at timestamptz NOT NULL,
  sampler uuid NOT NULL,               -- the process that takes them
  is_preferred boolean NOT NULL,       -- whether it is one that others leave that to
  settled jsonb NOT NULL DEFAULT '{}', -- {status: tasks} of finished batches
  archived jsonb NOT NULL DEFAULT '{}', -- {status: tasks} that were moved to the archive
  content json,
  overview json                  -- what GET /overview tells beside it (0030-overview.sql)
);

-- One row for each minute in which a sample was taken, for a day. The first four count since the beginning, what is
-- archived too: the difference of two rows is what happened between them.
CREATE TABLE sample_minute (
  at timestamptz PRIMARY KEY,
  created bigint NOT NULL,
  succeeded bigint NOT NULL,
  failed bigint NOT NULL,
  canceled bigint NOT NULL,
  pending bigint NOT NULL,
  running bigint NOT NULL
) WITH (fillfactor = 50);

-- Tasks of batches that have finished or, negative, were moved to the archive; folded into sample.settled.
CREATE TABLE settled_change (
  status task_status NOT NULL,
  amount bigint NOT NULL
) WITH (vacuum_truncate = off);

-- Takes a sample, when it is this process that takes them: who did last goes on; another takes over when two periods
-- have passed without one, and one that is preferred from one that is not at once. Who comes while one is being taken
-- waits for it.
CREATE FUNCTION take_sample(
  p_sampler uuid, p_preferred boolean, p_period_secs float8,
  OUT newest json,
  OUT is_own boolean -- whether this process shows it
)
LANGUAGE plpgsql AS $$
DECLARE
  ended jsonb;
  ended_archived jsonb;
BEGIN
  INSERT INTO sample AS s (taken_at, sampler, is_preferred) VALUES (now(), p_sampler, p_preferred)
  ON CONFLICT (is_only) DO UPDATE SET taken_at = now(), sampler = p_sampler, is_preferred = p_preferred
  WHERE s.taken_at < now() - make_interval(secs => p_period_secs * CASE
    -- Its timer is the period; it may come a little early.
    WHEN s.sampler = p_sampler THEN 0.5
    WHEN p_preferred AND NOT s.is_preferred THEN 0
    ELSE 2 END)
  RETURNING s.settled, s.archived INTO ended, ended_archived;
  IF NOT FOUND THEN
    SELECT content, sampler = p_sampler INTO newest, is_own FROM sample;
    RETURN;
  END IF;
  is_own := true;

  WITH gone AS (
    DELETE FROM settled_change RETURNING status, amount
  ), settled AS (
    SELECT status, sum(n) AS n FROM (
      SELECT status::text, amount AS n FROM gone
      UNION ALL
      SELECT key, value::bigint FROM jsonb_each_text(ended)) e
    GROUP BY status
  ), archived AS (
    SELECT status, sum(n) AS n FROM (
      SELECT status::text, -amount AS n FROM gone WHERE amount < 0
      UNION ALL
      SELECT key, value::bigint FROM jsonb_each_text(ended_archived)) e
    GROUP BY status
  ), live AS (
    SELECT s.status::text, count(*) AS n FROM batch b JOIN task_state s ON s.batch_id = b.id
    WHERE b.completed_at IS NULL GROUP BY s.status
  ), by_status AS (
    SELECT status, sum(n) AS n FROM (SELECT * FROM settled UNION ALL SELECT * FROM live) a GROUP BY status
  ), by_kind AS (
    SELECT t.kind, count(*) AS n FROM task_state s JOIN task t ON t.id = s.id
    WHERE s.status = 'Running' GROUP BY t.kind ORDER BY n DESC LIMIT 1000
  ), due AS (
    SELECT 'start' AS queue, extract(epoch FROM now() - min(s.last_updated)) AS age
    FROM (SELECT head FROM lane WHERE parked_key IS NULL AND head IS NOT NULL
          ORDER BY rank, created_at, position, head LIMIT 100) l
    JOIN task_state s ON s.id = l.head AND s.status = 'Pending'
    UNION ALL
    SELECT 'timeout', extract(epoch FROM now() - min(check_at)) FROM task_state
    WHERE status = 'Running' AND check_at <= now()
    UNION ALL
    SELECT 'propagation', extract(epoch FROM now() - min(created_at)) FROM propagation
    UNION ALL
    SELECT 'webhook', extract(epoch FROM now() - min(next_attempt_at)) FROM delivery
    WHERE status = 'Pending' AND next_attempt_at <= now()
  )
  UPDATE sample SET
    settled = (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM settled),
    archived = (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM archived),
    content = json_build_object(
    'tasksByStatus', (SELECT coalesce(json_object_agg(status, n), '{}') FROM by_status),
    'runningByKind', (SELECT coalesce(json_object_agg(kind, n), '{}') FROM by_kind),
    'oldestDueSecs', (SELECT json_object_agg(queue, coalesce(age, 0)) FROM due),
    'workersAlive', (SELECT count(*) FROM worker WHERE lease_until >= now()),
    'pendingDeliveries', (SELECT count(*) FROM delivery WHERE status = 'Pending' AND next_attempt_at IS NOT NULL),
    'openBreakers', (SELECT count(*) FROM origin_breaker),
    -- Rows that were updated since cannot be cleaned up: what is hot becomes slow. Sessions of other databases do no
    -- harm; those of other roles are seen by members of pg_read_all_stats only.
    'oldestSnapshotSecs', (
      SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0) FROM pg_stat_activity
      WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
        AND (datname = current_database() OR datname IS NULL)))
  RETURNING content INTO newest;
  PERFORM record_sample_minute();
  UPDATE sample SET overview = overview_sample_json();
END $$;
