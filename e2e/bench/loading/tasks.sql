-- Kinds: half of the flows have four of their own, the other half have all twenty, mixed; one kind has one task.
-- Names: those of the older half begin with "legacy-". Metadata: a tenant for each batch, a shard and an order for
-- each task; some tasks have none.
INSERT INTO task (id, batch_id, position, created_at, name, kind, timeout_secs, dead_end_barrier, metadata,
                  on_start, on_success, on_failure)
SELECT t.id, t.batch_id, t.position, t.created_at,
       CASE WHEN t.is_legacy THEN 'legacy-' ELSE '' END || k.kind || '-'
         || entities[t.chance / 32 % cardinality(entities) + 1] || '-' || lpad(t.number::text, 8, '0'),
       k.kind,
       CASE WHEN t.number = tasks / 4 THEN 86400 WHEN t.chance % 100 < 70 THEN 60 WHEN t.chance % 100 < 90 THEN 300
            ELSE 3600 END,
       false,
       CASE WHEN t.chance % 20 > 0 THEN jsonb_build_object(
         'tenant', 'tenant-' || t.batch * 7 % 50, 'shard', t.number % 40, 'order', t.number) END,
       on_start,
       CASE WHEN t.position = 0 THEN ARRAY[on_success] ELSE '{}' END,
       '{}'
FROM history.settings
CROSS JOIN history.task t
CROSS JOIN LATERAL (
  SELECT CASE WHEN t.number = tasks / 3 THEN 'yearly-audit'
              WHEN t.flow < 5 THEN kinds[t.flow * 4 + t.chance % 4 + 1]
              ELSE kinds[t.chance % cardinality(kinds) + 1] END AS kind) AS k;
