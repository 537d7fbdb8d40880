-- Adds users to a group under one value, and a system message under the next. Users who are members already are
-- skipped. Status ok, unchanged (all were members), unknown (with the users who cannot be added), full, or as
-- conversation_gate.
-- needs: conversation_gate, refused_members, system_message_append
CREATE OR REPLACE FUNCTION group_add(p_conversation bigint, p_actor int, p_users int[], p_rank int, p_members int, p_rooms int)
RETURNS TABLE (status text, seq int, user_ids int[], owner_id int, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  fresh int[];
  refused int[];
  c record;
  owed bigint;
  said jsonb;
BEGIN
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int[], NULL::int, NULL::bigint, NULL::jsonb; RETURN; END IF;
  fresh := ARRAY(SELECT DISTINCT o.id FROM unnest(p_users) AS o(id) WHERE NOT EXISTS (
    SELECT 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = o.id AND m.left_seq IS NULL) ORDER BY o.id);
  refused := refused_members(p_actor, fresh, p_rooms);
  SELECT x.last_seq + 1 AS seq, x.member_count, x.history INTO c FROM conversation x WHERE x.id = p_conversation;
  verdict := CASE WHEN cardinality(fresh) = 0 THEN 'unchanged' WHEN cardinality(refused) > 0 THEN 'unknown'
    WHEN c.member_count + cardinality(fresh) > p_members THEN 'full' ELSE 'ok' END;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, refused, NULL::int, NULL::bigint, NULL::jsonb; RETURN; END IF;

  INSERT INTO membership AS m (conversation_id, user_id, changed_seq, joined_seq, visible_from_seq, delivered_seq, read_seq)
    SELECT p_conversation, o.id, c.seq, c.seq, CASE c.history WHEN 2 THEN 0 ELSE c.seq END, c.seq, c.seq FROM unnest(fresh) AS o(id)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET left_seq = NULL, role = 1, joined_at = clock_timestamp(), changed_at = clock_timestamp(),
      changed_seq = excluded.changed_seq, joined_seq = excluded.joined_seq, visible_from_seq = excluded.visible_from_seq,
      delivered_seq = excluded.delivered_seq, read_seq = excluded.read_seq;
  UPDATE conversation x SET last_seq = c.seq, members_seq = c.seq, member_count = x.member_count + cardinality(fresh), changed_at = clock_timestamp()
    WHERE x.id = p_conversation;
  SELECT to_jsonb(s) INTO said FROM system_message_append(p_conversation, p_actor, 'joined', fresh, NULL) s;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[c.seq], ARRAY[c.seq + 1]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', c.seq, fresh, NULL::int, owed, said;
END $f$;
