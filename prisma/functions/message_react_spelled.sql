-- Adds a reaction to a message, or removes it. Two spellings of an emoji that differ in U+FE0E or U+FE0F are one
-- reaction, under the spelling that the message has already. emoji is that spelling. Where a message got both, the next
-- change of that reaction joins them. Status ok, unchanged, full (the message has p_kinds different emoji), or as
-- conversation_gate.
-- needs: conversation_gate, message_seen, message_touch
CREATE OR REPLACE FUNCTION message_react_spelled(p_conversation bigint, p_actor int, p_message bigint, p_emoji text, p_add boolean, p_kinds int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint, emoji text)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, 1, true);
  m record;
  t record;
  spellings text[];   -- of p_emoji in this message, the shown one first
  spelling text;
  n int;
  has boolean;
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    spellings := ARRAY(SELECT k FROM jsonb_object_keys(coalesce(m.reactions, '{}')) k
      WHERE translate(k, U&'\FE0E\FE0F', '') = translate(p_emoji, U&'\FE0E\FE0F', '') ORDER BY length(k) DESC, k);
    spelling := coalesce(spellings[1], p_emoji);
    has := EXISTS (SELECT 1 FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = ANY (spellings) AND r.user_id = p_actor);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN has = p_add THEN 'unchanged'
      WHEN p_add AND spellings = '{}' AND (SELECT count(*) FROM jsonb_object_keys(coalesce(m.reactions, '{}'))) >= p_kinds THEN 'full' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint, NULL::text; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  n := coalesce((m.reactions->>spelling)::int, 0) + CASE WHEN p_add THEN 1 ELSE -1 END;
  IF cardinality(spellings) > 1 THEN
    INSERT INTO reaction (conversation_id, message_seq, emoji, user_id, created_at)
    SELECT r.conversation_id, r.message_seq, spelling, r.user_id, r.created_at FROM reaction r
    WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = ANY (spellings) ON CONFLICT DO NOTHING;
    DELETE FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = ANY (spellings[2:]);
    n := (SELECT count(*) FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = spelling)
      + CASE WHEN p_add THEN 1 ELSE -1 END;
  END IF;
  IF p_add THEN
    INSERT INTO reaction (conversation_id, message_seq, emoji, user_id) VALUES (p_conversation, m.seq, spelling, p_actor);
  ELSE
    DELETE FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = spelling AND r.user_id = p_actor;
  END IF;
  UPDATE message x SET reactions = nullif(coalesce(x.reactions, '{}') - spellings || CASE n WHEN 0 THEN '{}' ELSE jsonb_build_object(spelling, n) END, '{}')
    WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, clock_timestamp(), t.member_ids, t.members_seq, t.outbox_id, spelling;
END $f$;
