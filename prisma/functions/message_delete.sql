-- Deletes a message with its earlier texts and reactions. Actors may delete their own messages. In a group, members
-- of p_rank may also delete messages of lower roles and of people who left. Status ok, forbidden, or as
-- conversation_gate.
-- needs: conversation_gate, message_seen, message_touch
CREATE OR REPLACE FUNCTION message_delete(p_conversation bigint, p_actor int, p_message bigint, p_rank int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, 1, true);
  m record;
  t record;
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN m.kind <> 1 THEN 'forbidden' WHEN m.sender_id = p_actor THEN 'ok'
      WHEN m.direct OR m.role < p_rank OR EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = p_conversation
        AND x.user_id = m.sender_id AND x.left_seq IS NULL AND x.role >= m.role) THEN 'forbidden' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  UPDATE message x SET content = NULL, words = NULL, metadata = NULL, media_id = NULL, reactions = NULL, pinned_at = NULL, deleted_at = clock_timestamp()
    WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  DELETE FROM message_edit e WHERE e.conversation_id = p_conversation AND e.message_seq = m.seq;
  DELETE FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, clock_timestamp(), t.member_ids, t.members_seq, t.outbox_id;
END $f$;
