-- Needs the tasks and their states.
WITH counted AS MATERIALIZED (
  SELECT batch_id, jsonb_object_agg(status, n) AS counts, sum(n) FILTER (WHERE NOT is_terminal(status)) AS open
  FROM (SELECT batch_id, status, count(*) AS n FROM task_state GROUP BY batch_id, status) s
  GROUP BY batch_id
), kinds AS MATERIALIZED (
  SELECT batch_id, array_agg(kind ORDER BY kind) AS kinds
  FROM (SELECT DISTINCT batch_id, kind FROM task) k GROUP BY batch_id
), words AS MATERIALIZED (
  SELECT batch_id, string_agg(word || ':' || n, ' ' ORDER BY word) AS words
  FROM (
    SELECT t.batch_id, w.word, count(*) AS n FROM task t CROSS JOIN LATERAL string_to_table(t.name, '-') AS w (word)
    WHERE w.word !~ '^[0-9]' GROUP BY t.batch_id, w.word) w
  GROUP BY batch_id
)
INSERT INTO batch (id, created_at, posted_as_object, scope, metadata, on_complete, kinds, name_words, total_tasks,
                   open_tasks, updated_at, completed_at, status_counts)
SELECT b.id, b.created_at, b.is_object,
       CASE WHEN b.is_object THEN 'flow-' || b.flow || '/' || regions[b.n / 2 % cardinality(regions) + 1] END,
       CASE WHEN b.is_object THEN jsonb_build_object('owner', 'team-' || b.n * 3 % 25, 'run', b.n) END,
       '{}', k.kinds, w.words, b.size, coalesce(c.open, 0),
       b.created_at + interval '662 s',
       CASE WHEN c.open IS NULL THEN b.created_at + interval '662 s' END,
       CASE WHEN c.open IS NULL THEN c.counts END
FROM history.settings
CROSS JOIN history.batch b
JOIN counted c ON c.batch_id = b.id
JOIN kinds k ON k.batch_id = b.id
JOIN words w ON w.batch_id = b.id
ORDER BY b.n;

INSERT INTO settled_change (status, amount)
SELECT c.key::task_status, sum(c.value::bigint)
FROM batch b CROSS JOIN LATERAL jsonb_each_text(b.status_counts) c GROUP BY c.key;
