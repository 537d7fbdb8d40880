-- Returns one row with a message that the member may see, or no row. The conversation must be locked.
CREATE OR REPLACE FUNCTION message_seen(p_conversation bigint, p_actor int, p_message bigint)
RETURNS TABLE (seq int, sender_id int, kind smallint, content text, metadata jsonb, reactions jsonb, pinned boolean, role smallint, direct boolean)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT m.seq, m.sender_id, m.kind, m.content, m.metadata, m.reactions, m.pinned_at IS NOT NULL, s.role, c.kind = 1
    FROM conversation c JOIN membership s ON s.conversation_id = c.id JOIN message m ON m.conversation_id = c.id
    WHERE c.id = p_conversation AND s.user_id = p_actor AND m.id = p_message AND m.seq >= s.visible_from_seq AND m.seq > s.cleared_seq
      AND m.deleted_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > now());
END $f$;
