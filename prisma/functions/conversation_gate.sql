-- Locks a conversation and returns whether a member may act in it: ok; not_found (absent, not a member, or across a
-- block); forbidden (the role is below p_rank); direct (a direct conversation, and p_direct is false).
-- needs: across_block
CREATE OR REPLACE FUNCTION conversation_gate(p_conversation bigint, p_actor int, p_rank int, p_direct boolean) RETURNS text
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  r record;
BEGIN
  PERFORM 1 FROM conversation c WHERE c.id = p_conversation FOR NO KEY UPDATE;
  SELECT c.kind, c.user_low, c.user_high, m.role INTO r FROM conversation c JOIN membership m ON m.conversation_id = c.id
    WHERE c.id = p_conversation AND m.user_id = p_actor AND m.left_seq IS NULL;
  IF NOT FOUND OR (r.kind = 1 AND across_block(r.user_low, r.user_high)) THEN RETURN 'not_found'; END IF;
  IF r.kind = 1 THEN RETURN CASE WHEN p_direct THEN 'ok' ELSE 'direct' END; END IF;
  RETURN CASE WHEN r.role >= p_rank THEN 'ok' ELSE 'forbidden' END;
END $f$;
