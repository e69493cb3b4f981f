-- A worker renews one row; false means that it had lost the lease and somebody else may have its claims.
CREATE FUNCTION renew_worker_lease(
  p_worker uuid, p_host text, p_pid integer, p_lease_secs integer, p_is_full boolean, p_full_origins text[]
) RETURNS boolean
LANGUAGE sql AS $$
  WITH before AS (SELECT lease_until FROM worker WHERE id = p_worker)
  , renewed AS (
    INSERT INTO worker (id, host, pid, lease_until, is_full, full_origins)
    VALUES (p_worker, p_host, p_pid, now() + make_interval(secs => p_lease_secs), p_is_full, p_full_origins)
    ON CONFLICT (id) DO UPDATE
    SET lease_until = excluded.lease_until, is_full = excluded.is_full, full_origins = excluded.full_origins
    RETURNING id)
  SELECT EXISTS (SELECT FROM before WHERE lease_until >= now()) FROM renewed;
$$;
