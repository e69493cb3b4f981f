-- The answers to calls that came with an Idempotency-Key, written in the transaction of what they tell of.
CREATE TABLE idempotency_key (
  call text NOT NULL,            -- such as 'POST /task': the same key may be used with each
  key text NOT NULL,
  body_hash bytea NOT NULL,      -- SHA-256 of the request's body as it came
  answer text,                   -- the body of the answer; null when it has none
  batch_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (call, key)
);
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);

-- For how long a key is known.
CREATE FUNCTION idempotency_period() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '24 hours';

-- Waits for a twin that is being carried out, and holds the key until the transaction ends. To be followed by a
-- statement of its own, which sees what the twin has written.
CREATE FUNCTION lock_idempotency_key(p_call text, p_key text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_call || ' ' || p_key, 8));
END $$;

-- What the first call with this key was answered; nothing when there was none within the period.
CREATE FUNCTION find_idempotent_answer(
  p_call text, p_key text, OUT body_hash bytea, OUT answer text, OUT batch_id uuid
)
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM idempotency_key i
  WHERE i.call = p_call AND i.key = p_key AND i.created_at < now() - idempotency_period();
  SELECT i.body_hash, i.answer, i.batch_id INTO body_hash, answer, batch_id
  FROM idempotency_key i WHERE i.call = p_call AND i.key = p_key;
END $$;

-- Forgets keys whose time is over, a bounded number at once.
CREATE FUNCTION forget_idempotency_keys(p_limit integer) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  forgotten integer;
BEGIN
  DELETE FROM idempotency_key i USING (
    SELECT call, key FROM idempotency_key WHERE created_at < now() - idempotency_period()
    ORDER BY created_at LIMIT p_limit FOR UPDATE SKIP LOCKED) old
  WHERE i.call = old.call AND i.key = old.key;
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
