-- Gives a message of a locked conversation the conversation's next value, and one outbox row. Returns the members
-- of a direct conversation who have not left it; null for a group.
CREATE OR REPLACE FUNCTION message_touch(p_conversation bigint, p_message_seq int)
RETURNS TABLE (seq int, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  owed bigint;
BEGIN
  UPDATE conversation x SET last_seq = x.last_seq + 1, changed_at = clock_timestamp() WHERE x.id = p_conversation
    RETURNING x.last_seq, x.kind, x.members_seq INTO c;
  UPDATE message m SET changed_seq = c.last_seq WHERE m.conversation_id = p_conversation AND m.seq = p_message_seq;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[c.last_seq], ARRAY[c.last_seq]) RETURNING id INTO owed;
  RETURN QUERY SELECT c.last_seq, CASE c.kind WHEN 1 THEN ARRAY(SELECT s.user_id FROM membership s
    WHERE s.conversation_id = p_conversation AND s.left_seq IS NULL ORDER BY s.user_id) END, c.members_seq, owed;
END $f$;
