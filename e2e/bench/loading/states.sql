INSERT INTO task_state (id, batch_id, created_at, position, status, priority, timeout_secs, open_parents, lane, claim,
                        worker_id, success, failures, expected_count, started_at, ended_at, last_updated, check_at,
                        failure_reason)
SELECT t.id, t.batch_id, t.created_at, t.position, t.status, 0, 60,
       CASE WHEN t.status = 'Waiting' THEN 1 ELSE 0 END,
       lane,
       CASE WHEN t.status IN ('Waiting', 'Pending', 'Paused') THEN 0 ELSE 1 END,
       CASE WHEN t.status = 'Claimed' THEN gen_random_uuid() END,
       CASE WHEN t.status = 'Success' THEN 10 ELSE 0 END,
       CASE WHEN t.status = 'Failure' THEN 1 ELSE 0 END,
       CASE WHEN t.batch % 4 > 0 THEN 10 END,
       CASE WHEN t.status IN ('Running', 'Success', 'Failure', 'Canceled') THEN at.started END,
       CASE WHEN is_terminal(t.status) THEN at.ended END,
       CASE WHEN is_terminal(t.status) THEN at.ended WHEN t.status = 'Running' THEN at.started ELSE t.created_at END,
       CASE t.status WHEN 'Claimed' THEN at.started WHEN 'Running' THEN at.started + interval '60 s' END,
       CASE WHEN t.status = 'Failure' THEN 'exit code 1' END
FROM history.settings
CROSS JOIN history.task t
CROSS JOIN LATERAL (
  SELECT t.created_at + (1 + t.chance % 60) * interval '1 s' AS started,
         t.created_at + (62 + t.chance / 64 % 600) * interval '1 s' AS ended) AS at;
