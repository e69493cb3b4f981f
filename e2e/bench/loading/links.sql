-- Of those required, none has failed.
INSERT INTO link (parent_id, child_id, requires_success)
SELECT history.make_id(b.created_ms, 7001, b.first + p / ways.divisor),
       history.make_id(b.created_ms, 7001, b.first + p),
       hashint8(b.first + p / ways.divisor) & 127 > 8 OR b.is_live
FROM history.batch b
CROSS JOIN LATERAL generate_series(1, b.size - 1) AS positions (p)
CROSS JOIN (VALUES (2), (4)) AS ways (divisor)
WHERE b.is_linked AND (ways.divisor = 2 OR b.size = 1000 AND p > 1);
