-- What lists of tasks search by: name, metadata, timeout, each alone and together, from the newest task to the oldest.
--
-- An index of words (GIN) gives its hits all at once and in no order, so a search for what half of all tasks have would
-- read half of the table for its first page. Therefore each task also stands in the index under the cells of time that
-- it was created in, and a search goes through the cells from now to then, until its page is full.

-- Seconds since 1970. Not extract(epoch from at), which an index may not use.
CREATE FUNCTION age_secs(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(date_part('epoch', at - timestamptz '1970-01-01 00:00:00Z'))::bigint;

-- The cell of 2^p_bits seconds; the last digit tells cells of different lengths, and other keys, apart.
CREATE FUNCTION age_cell(p_secs bigint, p_bits integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_secs >> p_bits) * 10 + p_bits / 4;

CREATE FUNCTION timeout_key(p_timeout_secs integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_timeout_secs::bigint * 10;

-- 16 seconds, 4 minutes, an hour, 18 hours, and the timeout.
CREATE FUNCTION list_keys(created_at timestamptz, timeout_secs integer) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
  age_cell(age_secs(created_at), 4), age_cell(age_secs(created_at), 8), age_cell(age_secs(created_at), 12),
  age_cell(age_secs(created_at), 16), timeout_key(timeout_secs)];

-- The cells from a time back to another, the newest first. They begin with 2^p_bits seconds and grow. Between p_after
-- and p_hit, where what is searched for begins, they are small again.
CREATE FUNCTION cells_back(
  p_newest timestamptz, p_oldest timestamptz, p_bits integer, p_after timestamptz, p_hit timestamptz
) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  cells bigint[] := '{}';
  bits integer := p_bits;
  secs bigint := age_secs(p_newest);
  oldest bigint := age_secs(p_oldest);
  after bigint := age_secs(p_after);
  hit bigint := age_secs(p_hit);
BEGIN
  WHILE secs >= oldest LOOP
    -- A longer cell ends where this one does, too, once in 16 times.
    WHILE bits < 16 AND (secs + 1) & ((1 << bits + 4) - 1) = 0 LOOP
      bits := bits + 4;
    END LOOP;
    WHILE bits > p_bits AND secs > hit AND (secs >> bits) << bits <= after LOOP
      bits := bits - 4;
    END LOOP;
    cells := cells || age_cell(secs, bits);
    -- The second before this cell.
    secs := ((secs >> bits) << bits) - 1;
  END LOOP;
  RETURN cells;
END $$;

-- The cells in which a search asks the index for what p_samples samples between p_oldest and p_edge have found; p_hit is
-- the time of the newest that did, and the next newer one is no further away than two samples are on average. The first cells have a thousand tasks or so, at the pace of p_looks tasks between
-- p_newest and p_edge. None when no sample has found anything.
CREATE FUNCTION search_cells(
  p_newest timestamptz, p_edge timestamptz, p_oldest timestamptz, p_looks integer, p_hit timestamptz,
  p_samples integer
) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_hit IS NOT NULL THEN cells_back(
  p_edge, p_oldest,
  CASE
    WHEN (age_secs(p_newest) - age_secs(p_edge)) * 1000 / p_looks < 16 THEN 4
    WHEN (age_secs(p_newest) - age_secs(p_edge)) * 1000 / p_looks < 256 THEN 8
    ELSE 12 END,
  p_hit + 2 * (p_edge - p_oldest) / p_samples, p_hit) END;

CREATE INDEX task_by_content ON task
USING gin (list_keys(created_at, timeout_secs), name gin_trgm_ops, metadata jsonb_path_ops);
