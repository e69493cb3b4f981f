-- What a history consists of. All about a batch or a task follows from its number, so that tables can be written at
-- the same time by connections that know nothing of each other, and a reader knows what there is to find.
--
-- Batches are numbered from the oldest, tasks through all batches. A hundred batches have 10,000 tasks: one has 1,000,
-- the others 90 or 91. They cover 30 days; the newest are live. In a linked batch the task at position n is a child of
-- the one at n / 2 and, in those of 1,000, of the one at n / 4.

-- A UUID of version 7, with a number in place of what is random.
CREATE FUNCTION history.make_id(at_ms bigint, mark integer, number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex(at_ms), 12, '0') || mark || '8' || lpad(to_hex(number), 15, '0'))::uuid;

CREATE UNLOGGED TABLE history.batch AS
SELECT *, history.make_id(created_ms, 7000, n) AS id, to_timestamp(created_ms / 1000.0) AS created_at
FROM (
  SELECT n, size, sum(size) OVER (ORDER BY n) - size AS first,
         n >= batches - live_batches AS is_live,
         n % 2 = 0 OR size = 1000 OR n >= batches - live_batches AS is_linked,
         n % 2 = 1 AS is_object,
         n < batches / 2 AS is_legacy,
         n % 10 AS flow,
         started_ms + n * (30 * 86400000::bigint / batches) AS created_ms
  FROM history.settings
  CROSS JOIN generate_series(0, batches - 1) AS b (n)
  CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 100 = 0 THEN 1000 WHEN n % 100 <= 90 THEN 91 ELSE 90 END AS size) AS s
) AS planned
ORDER BY n;

CREATE VIEW history.task AS
SELECT b.id AS batch_id, b.n AS batch, b.size, b.is_live, b.is_linked, b.is_legacy, b.flow, b.created_at,
       p AS position, b.first + p AS number,
       history.make_id(b.created_ms, 7001, b.first + p) AS id,
       hashint8(b.first + p) & 2147483647 AS chance,
       CASE
         WHEN NOT b.is_live OR p < b.size / 3 THEN
           CASE WHEN b.is_live OR hashint8(b.first + p) & 127 > 8 THEN 'Success'
                WHEN hashint8(b.first + p) & 127 > 2 THEN 'Failure' ELSE 'Canceled' END
         WHEN p >= 2 * b.size / 3 THEN 'Waiting'
         WHEN (b.first + p) % 500 = 0 THEN 'Paused'
         WHEN hashint8(b.first + p) & 15 = 0 THEN 'Claimed'
         WHEN hashint8(b.first + p) & 15 < 5 THEN 'Running'
         ELSE 'Pending'
       END::task_status AS status
FROM history.batch b CROSS JOIN LATERAL generate_series(0, b.size - 1) AS positions (p);
