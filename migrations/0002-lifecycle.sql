-- The lifecycle, as the database enforces it: a status may only change along these pairs. The domain
-- package owns the same table (packages/domain/src/transitions.ts); a test compares the two. The pairs
-- stand in the trigger's WHEN clause, which costs no function call unless an update breaks them; as one constant,
-- since the clause is read anew by every update.

CREATE FUNCTION refuse_transition() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'task % may not go from % to %', OLD.id, OLD.status, NEW.status
    USING ERRCODE = 'check_violation', CONSTRAINT = 'lifecycle';
END $$;

CREATE TRIGGER lifecycle BEFORE UPDATE OF status ON task_state
FOR EACH ROW
WHEN (OLD.status <> NEW.status AND OLD.status || ' ' || NEW.status <> ALL ('{
  Waiting Pending,Waiting Failure,Waiting Paused,Waiting Canceled,
  Pending Claimed,Pending Success,Pending Failure,Pending Paused,Pending Canceled,
  Claimed Running,Claimed Pending,Claimed Success,Claimed Failure,Claimed Canceled,
  Running Pending,Running Success,Running Failure,Running Canceled,
  Paused Waiting,Paused Pending,Paused Success,Paused Failure,Paused Canceled}'::text[]))
EXECUTE FUNCTION refuse_transition();
