-- Appends a message of kind 2 (the server's own) to a locked conversation, under its next value. member_count is that
-- of the conversation.
-- needs: names_of, new_id
CREATE OR REPLACE FUNCTION system_message_append(p_conversation bigint, p_actor int, p_action text, p_users int[], p_title text)
RETURNS TABLE (seq int, number int, id bigint, client_id uuid, content text, metadata jsonb, created_at timestamptz, member_count int)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  actor text := names_of(ARRAY[p_actor]);
BEGIN
  UPDATE conversation x SET last_seq = x.last_seq + 1, message_count = x.message_count + 1, changed_at = clock_timestamp()
    WHERE x.id = p_conversation RETURNING x.last_seq, x.message_count, x.member_count INTO c;
  RETURN QUERY INSERT INTO message AS m (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata)
    VALUES (p_conversation, c.last_seq, c.last_seq, c.message_count, new_id(), p_actor, gen_random_uuid(), 2,
      CASE p_action WHEN 'titled' THEN actor || ' named the group ' || p_title
        WHEN 'left' THEN actor || ' left'
        ELSE actor || CASE p_action WHEN 'joined' THEN ' added ' ELSE ' removed ' END || names_of(p_users) END,
      jsonb_build_object('system', jsonb_build_object('action', p_action, 'user_ids', to_jsonb(p_users), 'title', p_title)))
    RETURNING m.seq, m.number, m.id, m.client_id, m.content, m.metadata, m.created_at, c.member_count;
END $f$;
