-- message_react_spelled without the spelling, for nodes of an earlier release.
-- needs: message_react_spelled
CREATE OR REPLACE FUNCTION message_react(p_conversation bigint, p_actor int, p_message bigint, p_emoji text, p_add boolean, p_kinds int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT r.status, r.seq, r.message_seq, r.at, r.member_ids, r.members_seq, r.outbox_id
    FROM message_react_spelled(p_conversation, p_actor, p_message, p_emoji, p_add, p_kinds) r;
END $f$;
