-- Locks memberships of a conversation in ascending order of user ids. Receipts use the same order and lock no
-- conversation, so the two never deadlock.
CREATE OR REPLACE FUNCTION membership_lock(p_conversation bigint, p_users int[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
BEGIN
  PERFORM 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = ANY (p_users) ORDER BY m.user_id FOR NO KEY UPDATE;
END $f$;
