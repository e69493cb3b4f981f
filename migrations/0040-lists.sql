-- What lists of tasks search by: name, metadata, timeout, each alone and together, from the newest task to the oldest.
--
-- An index of words (GIN) gives its hits all at once and in no order, so a search for what half of all tasks have would
-- read half of the table for its first page. Therefore each task also stands in the index under the cells of time that
-- it was created in, and a search goes through the cells from now to then, until its page is full. Cells are short
-- where a page is mostly filled, and longer the further it is back: a search without hits asks about a hundred times
-- for a year.

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

-- The cells that lie between two times and, within the hour, around them; from the newest to the oldest.
CREATE FUNCTION cells_back(p_newest timestamptz, p_oldest timestamptz) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  cells bigint[] := '{}';
  bits integer := 4;
  secs bigint := age_secs(p_newest);
  oldest bigint := age_secs(p_oldest);
BEGIN
  WHILE secs >= oldest LOOP
    cells := cells || age_cell(secs, bits);
    -- The second before this cell; a longer cell begins where one ends.
    secs := ((secs >> bits) << bits) - 1;
    WHILE bits < 16 AND (secs + 1) & ((1 << bits + 4) - 1) = 0 LOOP
      bits := bits + 4;
    END LOOP;
  END LOOP;
  RETURN cells;
END $$;

-- What has been written is put in its place often, since each search looks through what has not.
CREATE INDEX task_by_content ON task
USING gin (list_keys(created_at, timeout_secs), name gin_trgm_ops, metadata jsonb_path_ops)
WITH (gin_pending_list_limit = 256);
