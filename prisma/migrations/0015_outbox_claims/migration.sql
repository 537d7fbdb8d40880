-- A worker claims rows of the outbox for a while, announces them outside of any transaction, and then removes them.
ALTER TABLE outbox ADD COLUMN claimed_until timestamptz(3);  -- null: claimed by nobody
