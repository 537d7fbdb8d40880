-- Opens the direct conversation of the caller with a peer. Returns one row: status existing, created, or rejoined
-- when the caller had left it. Returns no row when the peer is inactive or deleted, or across a block. A peer who is the
-- caller makes the conversation of one member for the caller's notes.
-- seq is the value that creating or rejoining took. outbox_id is the outbox row to settle once that is announced.
-- needs: across_block
CREATE OR REPLACE FUNCTION direct_open(p_caller int, p_peer int)
RETURNS TABLE (id bigint, status text, seq int, members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  low int := least(p_caller, p_peer);
  high int := greatest(p_caller, p_peer);
  people int := CASE p_caller WHEN p_peer THEN 1 ELSE 2 END;
  found_id bigint;
  next_seq int;
  owed bigint;
BEGIN
  IF across_block(p_caller, p_peer)
    OR (SELECT count(*) FROM person p WHERE p.id IN (p_caller, p_peer) AND p.is_active AND p.deleted_at IS NULL) < people THEN RETURN; END IF;

  RETURN QUERY SELECT c.id, 'existing', c.last_seq, c.members_seq, NULL::bigint
    FROM conversation c JOIN membership m ON m.conversation_id = c.id AND m.user_id = p_caller
    WHERE c.user_low = low AND c.user_high = high AND m.left_seq IS NULL;
  IF FOUND THEN RETURN; END IF;

  INSERT INTO conversation (kind, user_low, user_high, created_by, last_seq, members_seq, member_count)
    VALUES (1, low, high, p_caller, 1, 1, people) ON CONFLICT (user_low, user_high) DO NOTHING RETURNING id INTO found_id;
  IF FOUND THEN
    INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq, visible_from_seq)
      SELECT found_id, u.id, 1, 1, 1 FROM (SELECT low AS id UNION SELECT high) u;
    INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[found_id], ARRAY[1], ARRAY[1]) RETURNING id INTO owed;
    RETURN QUERY SELECT found_id, 'created', 1, 1, owed;
    RETURN;
  END IF;

  SELECT c.id, c.last_seq + 1 INTO found_id, next_seq FROM conversation c
    WHERE c.user_low = low AND c.user_high = high FOR NO KEY UPDATE;
  IF across_block(p_caller, p_peer) THEN RETURN; END IF;
  UPDATE membership m SET left_seq = NULL, visible_from_seq = next_seq, changed_seq = next_seq, joined_seq = next_seq, joined_at = clock_timestamp(),
      changed_at = clock_timestamp()
    WHERE m.conversation_id = found_id AND m.user_id = p_caller AND m.left_seq IS NOT NULL;
  IF NOT FOUND THEN
    RETURN QUERY SELECT c.id, 'existing', c.last_seq, c.members_seq, NULL::bigint FROM conversation c WHERE c.id = found_id;
    RETURN;
  END IF;
  UPDATE conversation c SET last_seq = next_seq, members_seq = next_seq, member_count = c.member_count + 1, changed_at = clock_timestamp()
    WHERE c.id = found_id;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[found_id], ARRAY[next_seq], ARRAY[next_seq]) RETURNING id INTO owed;
  RETURN QUERY SELECT found_id, 'rejoined', next_seq, next_seq, owed;
END $f$;
