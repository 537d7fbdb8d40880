-- Returns the first members of a conversation whose user id is above p_above. It is a function for its settings:
-- next to a LIMIT the planner would sort all members of a room, because most conversations have two.
CREATE OR REPLACE FUNCTION members_above(p_conversation bigint, p_above int, p_limit int) RETURNS SETOF membership
LANGUAGE plpgsql STABLE ROWS 50 SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $f$
BEGIN
  RETURN QUERY SELECT * FROM membership x WHERE x.conversation_id = p_conversation AND x.user_id > p_above AND x.left_seq IS NULL
    ORDER BY x.user_id LIMIT p_limit;
END $f$;
