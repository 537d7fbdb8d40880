-- Removes members from a group under one value, and adds a system message under the next. Users who are not members
-- are skipped. Status ok, unchanged (none was a member), forbidden (the actor, or a member of the same or a higher
-- role, is among them), or as conversation_gate.
-- needs: conversation_gate, membership_lock, system_message_append
CREATE OR REPLACE FUNCTION group_remove(p_conversation bigint, p_actor int, p_users int[], p_rank int)
RETURNS TABLE (status text, seq int, user_ids int[], owner_id int, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  gone int[];
  above boolean;
  next_seq int;
  owed bigint;
  said jsonb;
BEGIN
  IF verdict = 'ok' THEN
    SELECT coalesce(array_agg(m.user_id ORDER BY m.user_id), '{}'), coalesce(bool_or(m.role >= a.role), false) INTO gone, above
      FROM membership m, (SELECT x.role FROM membership x WHERE x.conversation_id = p_conversation AND x.user_id = p_actor) a
      WHERE m.conversation_id = p_conversation AND m.user_id = ANY (p_users) AND m.left_seq IS NULL;
    verdict := CASE WHEN above THEN 'forbidden' WHEN cardinality(gone) = 0 THEN 'unchanged' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int[], NULL::int, NULL::bigint, NULL::jsonb; RETURN; END IF;

  UPDATE conversation x SET last_seq = x.last_seq + 1, members_seq = x.last_seq + 1, member_count = x.member_count - cardinality(gone),
    changed_at = clock_timestamp() WHERE x.id = p_conversation RETURNING x.last_seq INTO next_seq;
  PERFORM membership_lock(p_conversation, gone);
  UPDATE membership m SET left_seq = next_seq, changed_seq = next_seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = p_conversation AND m.user_id = ANY (gone);
  SELECT to_jsonb(s) INTO said FROM system_message_append(p_conversation, p_actor, 'removed', gone, NULL) s;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[next_seq], ARRAY[next_seq + 1]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', next_seq, gone, NULL::int, owed, said;
END $f$;
