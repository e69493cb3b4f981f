-- The first task of each batch tells of its success; one in a hundred was never heard.
INSERT INTO delivery (task_id, trigger, condition, position, action, origin, status, attempts, last_error, created_at,
                      updated_at)
SELECT s.id, 'End', 'Success', 0, on_success, origin, d.status, d.attempts, d.last_error, s.ended_at,
       s.ended_at + interval '1 s'
FROM history.settings
CROSS JOIN history.batch b
JOIN task_state s ON s.id = history.make_id(b.created_ms, 7001, b.first) AND s.status = 'Success'
CROSS JOIN LATERAL (
  SELECT 'Success'::delivery_status AS status, 1 AS attempts, NULL AS last_error WHERE b.n % 100 <> 50
  UNION ALL
  SELECT 'Exhausted', 10, '500 Internal Server Error' WHERE b.n % 100 = 50) AS d
ORDER BY b.n;

-- What is Pending queues in its lane.
SELECT announce_arrivals(ARRAY(SELECT id FROM task_state WHERE status = 'Pending'));
