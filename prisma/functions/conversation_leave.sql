-- Removes a member from a conversation. Returns no row when the user is not a member. In a group a system message
-- under the next value says so. When the last owner leaves, owner_id is the member who owns the group now: among the
-- members of the highest role, the one who joined first.
-- needs: membership_lock, system_message_append
CREATE OR REPLACE FUNCTION conversation_leave(p_conversation bigint, p_user int)
RETURNS TABLE (seq int, user_low int, user_high int, owner_id int, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  heir int;
  owed bigint;
  said jsonb;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = p_user AND m.left_seq IS NULL) THEN RETURN; END IF;
  SELECT x.last_seq + 1 AS seq, x.kind, x.user_low, x.user_high INTO c FROM conversation x WHERE x.id = p_conversation FOR NO KEY UPDATE;
  IF c.kind = 2 AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.role = 3 AND m.left_seq IS NULL AND m.user_id <> p_user) THEN
    heir := (SELECT x.user_id FROM membership x WHERE x.conversation_id = p_conversation AND x.left_seq IS NULL AND x.user_id <> p_user
      ORDER BY x.role DESC, x.joined_seq, x.user_id LIMIT 1);
  END IF;
  PERFORM membership_lock(p_conversation, ARRAY[p_user, heir]);
  UPDATE membership m SET left_seq = c.seq, changed_seq = c.seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = p_conversation AND m.user_id = p_user AND m.left_seq IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE conversation x SET last_seq = c.seq, members_seq = c.seq, member_count = x.member_count - 1, changed_at = clock_timestamp()
    WHERE x.id = p_conversation;
  IF c.kind = 2 THEN
    UPDATE membership m SET role = 3, changed_seq = c.seq, changed_at = clock_timestamp()
      WHERE m.conversation_id = p_conversation AND m.user_id = heir;
    SELECT to_jsonb(s) INTO said FROM system_message_append(p_conversation, p_user, 'left', ARRAY[p_user], NULL) s;
  END IF;
  INSERT INTO outbox (streams, from_seqs, to_seqs)
    VALUES (ARRAY[p_conversation], ARRAY[c.seq], ARRAY[c.seq + CASE c.kind WHEN 2 THEN 1 ELSE 0 END]) RETURNING id INTO owed;
  RETURN QUERY SELECT c.seq, c.user_low, c.user_high, heir, owed, said;
END $f$;
