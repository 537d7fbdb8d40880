-- Pins a message, or unpins it. Both people of a direct conversation may do so; in a group, members of p_rank.
-- Status ok, unchanged, full (p_pins messages are pinned), or as conversation_gate.
-- needs: conversation_gate, message_seen, message_touch
CREATE OR REPLACE FUNCTION message_pin(p_conversation bigint, p_actor int, p_message bigint, p_pin boolean, p_rank int, p_pins int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, true);
  m record;
  t record;
  moment timestamptz(3) := clock_timestamp();
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN m.pinned = p_pin THEN 'unchanged'
      WHEN p_pin AND (SELECT count(*) FROM message x WHERE x.conversation_id = p_conversation AND x.pinned_at IS NOT NULL) >= p_pins THEN 'full' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  UPDATE message x SET pinned_at = CASE WHEN p_pin THEN moment END WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, moment::timestamptz, t.member_ids, t.members_seq, t.outbox_id;
END $f$;
