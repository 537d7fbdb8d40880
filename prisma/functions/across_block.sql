-- Returns true when either of the two users blocked the other. Functions that take batches repeat the condition in
-- their own text, because a call for each row costs more.
CREATE OR REPLACE FUNCTION across_block(a int, b int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM block WHERE blocker_id = a AND blocked_id = b)
      OR EXISTS (SELECT 1 FROM block WHERE blocker_id = b AND blocked_id = a);
END $$;
