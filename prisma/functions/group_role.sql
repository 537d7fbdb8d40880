-- Gives a member another role. Role 3 hands the group over and makes the actor an admin. Status ok, unchanged,
-- unknown (no member), forbidden (the actor, or the owner), or as conversation_gate.
-- needs: conversation_gate, membership_lock
CREATE OR REPLACE FUNCTION group_role(p_conversation bigint, p_actor int, p_user int, p_role int, p_rank int)
RETURNS TABLE (status text, seq int, members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  concerned int[] := ARRAY[p_user] || CASE p_role WHEN 3 THEN ARRAY[p_actor] ELSE '{}' END;
  member_rank int;
  c record;
  owed bigint;
BEGIN
  IF verdict = 'ok' THEN
    SELECT m.role INTO member_rank FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = p_user AND m.left_seq IS NULL;
    verdict := CASE WHEN member_rank IS NULL THEN 'unknown' WHEN p_user = p_actor OR member_rank = 3 THEN 'forbidden' WHEN member_rank = p_role THEN 'unchanged' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::bigint; RETURN; END IF;

  UPDATE conversation x SET last_seq = x.last_seq + 1, changed_at = clock_timestamp() WHERE x.id = p_conversation
    RETURNING x.last_seq AS seq, x.members_seq INTO c;
  PERFORM membership_lock(p_conversation, concerned);
  UPDATE membership m SET role = CASE m.user_id WHEN p_user THEN p_role ELSE 2 END, changed_seq = c.seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = p_conversation AND m.user_id = ANY (concerned);
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[c.seq], ARRAY[c.seq]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', c.seq, c.members_seq, owed;
END $f$;
