-- Changes the title or the settings of a group; null leaves a value as it is. A system message under the next value
-- tells a new title. Status ok, unchanged, or as conversation_gate.
-- needs: conversation_gate, system_message_append
CREATE OR REPLACE FUNCTION group_update(p_conversation bigint, p_actor int, p_title text, p_history smallint, p_rank int)
RETURNS TABLE (status text, seq int, members_seq int, title text, history smallint, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  old record;
  c record;
  owed bigint;
  said jsonb;
BEGIN
  IF verdict = 'ok' THEN
    SELECT x.title, x.history INTO old FROM conversation x WHERE x.id = p_conversation;
    IF coalesce(p_title, old.title) = old.title AND coalesce(p_history, old.history) = old.history THEN verdict := 'unchanged'; END IF;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::text, NULL::smallint, NULL::bigint, NULL::jsonb; RETURN; END IF;

  UPDATE conversation x SET last_seq = x.last_seq + 1, info_seq = x.last_seq + 1, title = coalesce(p_title, x.title),
    history = coalesce(p_history, x.history), changed_at = clock_timestamp()
    WHERE x.id = p_conversation RETURNING x.last_seq, x.members_seq, x.title::text AS title, x.history INTO c;
  IF c.title <> old.title THEN
    SELECT to_jsonb(s) INTO said FROM system_message_append(p_conversation, p_actor, 'titled', '{}', c.title) s;
  END IF;
  INSERT INTO outbox (streams, from_seqs, to_seqs)
    VALUES (ARRAY[p_conversation], ARRAY[c.last_seq], ARRAY[c.last_seq + CASE WHEN said IS NULL THEN 0 ELSE 1 END]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', c.last_seq, c.members_seq, c.title, c.history, owed, said;
END $f$;
