-- Replaces the text and mentions of the actor's own message. Earlier texts are kept: the first one and the newest, p_edits in
-- all. Status ok, unchanged, forbidden (not the actor's own, or the server's), bad_mention, or as
-- conversation_gate. p_words has the words of the new text as a tsvector in text form. Null leaves them to the worker.
-- needs: conversation_gate, message_seen, message_touch
CREATE OR REPLACE FUNCTION message_edit_worded(p_conversation bigint, p_actor int, p_message bigint, p_content text, p_mentions int[], p_edits int, p_words text)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, 1, true);
  m record;
  t record;
  facts jsonb := CASE WHEN cardinality(p_mentions) > 0 THEN jsonb_build_object('mentions', to_jsonb(p_mentions)) END;
  moment timestamptz(3) := clock_timestamp();
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    facts := nullif(coalesce(m.metadata, '{}') - 'mentions' || coalesce(facts, '{}'), '{}');
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN m.sender_id <> p_actor OR m.kind <> 1 THEN 'forbidden'
      WHEN m.content = p_content AND m.metadata IS NOT DISTINCT FROM facts THEN 'unchanged'
      WHEN EXISTS (SELECT 1 FROM unnest(p_mentions) AS o(id) WHERE NOT EXISTS (SELECT 1 FROM membership x
        WHERE x.conversation_id = p_conversation AND x.user_id = o.id AND (x.left_seq IS NULL OR m.direct))) THEN 'bad_mention' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  INSERT INTO message_edit (conversation_id, message_seq, seq, content, replaced_at) VALUES (p_conversation, m.seq, t.seq, m.content, moment);
  DELETE FROM message_edit e WHERE e.conversation_id = p_conversation AND e.message_seq = m.seq
    AND e.seq > (SELECT min(x.seq) FROM message_edit x WHERE x.conversation_id = p_conversation AND x.message_seq = m.seq)
    AND e.seq <= (SELECT x.seq FROM message_edit x WHERE x.conversation_id = p_conversation AND x.message_seq = m.seq ORDER BY x.seq DESC OFFSET p_edits - 1 LIMIT 1);
  UPDATE message x SET content = p_content, words = p_words::tsvector, metadata = facts, edited_at = moment WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, moment::timestamptz, t.member_ids, t.members_seq, t.outbox_id;
END $f$;
