-- What has changed in a batch since an earlier look at it. Nothing is written for that: the id of the transaction that
-- wrote a row stands in the row (xmin), and the snapshot of a look says which transactions it has seen. So it goes by
-- the order of commits, whatever the times in the rows are, and whatever has changed them.

-- p_since: the snapshot of the earlier look; null for the whole batch. snapshot: that of this look. is_whole: tasks are
-- all of the batch. summary is null when nothing has changed, and summary and snapshot when there is no such batch.
-- tasks: BasicTasks, one a line, by position. unsettled: those of them (one a line) that the next look will find again
-- even if they have not changed: they were written after a transaction began that is still open. Transactions
-- that began meanwhile cannot be told apart by their ids alone, since parts of a transaction have ids of their own.
CREATE FUNCTION batch_news(
  p_batch uuid, p_since pg_snapshot,
  OUT snapshot pg_snapshot, OUT is_whole boolean, OUT is_finished boolean, OUT summary json, OUT tasks text,
  OUT unsettled text
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  b batch;
  next_id bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  -- How many transactions ago the first began that the look had not seen to its end.
  changed_within bigint := next_id - pg_snapshot_xmin(p_since)::text::bigint;
  unsettled_within bigint := next_id - pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
BEGIN
  SELECT * INTO b FROM batch WHERE id = p_batch;
  IF b.id IS NULL THEN
    is_whole := true;
    is_finished := true;
    SELECT pg_current_snapshot(), a.summary INTO snapshot, summary FROM archived_batch a WHERE a.id = p_batch;
    SELECT string_agg(basic_of_task_json(content)::text, E'\n' ORDER BY position) INTO tasks
    FROM archived_task WHERE batch_id = p_batch;
    RETURN;
  END IF;
  snapshot := pg_current_snapshot();
  is_finished := b.completed_at IS NOT NULL;
  -- Ids that run backwards are those of another server, to which this one was restored.
  is_whole := p_since IS NULL OR changed_within < 0 OR changed_within > 2000000000;

  SELECT string_agg(basic_task_json(t, c.s)::text, E'\n' ORDER BY t.position),
         string_agg(basic_task_json(t, c.s)::text, E'\n') FILTER (WHERE c.age <= unsettled_within)
  INTO tasks, unsettled
  FROM (
    -- A row has the lower 32 bits of the id.
    SELECT s, s.id, (next_id - s.xmin::text::bigint) & 4294967295 AS age FROM task_state s WHERE s.batch_id = p_batch
  ) c
  JOIN task t ON t.id = c.id
  WHERE is_whole OR c.age <= changed_within;
  IF is_whole OR is_finished OR tasks IS NOT NULL THEN summary := batch_summary_json(b); END IF;
END $$;
