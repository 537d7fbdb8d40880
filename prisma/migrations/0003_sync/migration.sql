-- Sync: what changed since a place in a stream, and since a moment over all conversations.

-- Members by their last coming, going or change of role. Sends and receipts do not update changed_seq, so those stay heap-only.
CREATE INDEX membership_conversation_id_changed_seq_idx ON membership (conversation_id, changed_seq);

-- Which database this is: a place in time that a client kept from another one means nothing here. Whoever restores a backup gives the row
-- a new tag, so that clients start afresh instead of trusting what was lost.
CREATE TABLE origin (
  id smallint NOT NULL DEFAULT 1,
  tag uuid NOT NULL DEFAULT gen_random_uuid(),
  CONSTRAINT origin_pkey PRIMARY KEY (id),
  CONSTRAINT origin_single CHECK (id = 1)
);
INSERT INTO origin DEFAULT VALUES;

-- The first members of a conversation above an id. In a function for its settings: beside a limit the planner sorts all members of a room,
-- since most conversations have two.
CREATE FUNCTION members_above(p_conversation bigint, p_above int, p_limit int) RETURNS SETOF membership
LANGUAGE plpgsql STABLE ROWS 50 SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $f$
BEGIN
  RETURN QUERY SELECT * FROM membership x WHERE x.conversation_id = p_conversation AND x.user_id > p_above AND x.left_seq IS NULL
    ORDER BY x.user_id LIMIT p_limit;
END $f$;
