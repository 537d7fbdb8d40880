-- Creates a group of an owner and members, under seq 1. Status ok; unknown, with the users who cannot be added; or,
-- when the owner created a group under p_client before, duplicate for the same group and conflict for another one.
-- A group that was changed since counts as the same. When two calls run at once, the unique index refuses the second.
-- Repeated, it finds the group of the first.
-- needs: refused_members
CREATE OR REPLACE FUNCTION group_create(p_owner int, p_members int[], p_title text, p_history smallint, p_rooms int, p_client uuid DEFAULT NULL)
RETURNS TABLE (status text, id bigint, created_at timestamptz, user_ids int[], outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  everybody int[] := ARRAY(SELECT DISTINCT o.id FROM unnest(p_members || p_owner) AS o(id) ORDER BY o.id);
  refused int[];
  old record;
  is_same boolean;
  made record;
  owed bigint;
BEGIN
  SELECT x.id, x.created_at, x.title, x.history, x.info_seq, x.members_seq INTO old FROM conversation x WHERE x.created_by = p_owner AND x.client_id = p_client;
  IF FOUND THEN
    is_same := (old.info_seq > 1 OR old.title = p_title AND old.history = p_history) AND (old.members_seq > 1
      OR everybody = ARRAY(SELECT m.user_id FROM membership m WHERE m.conversation_id = old.id ORDER BY m.user_id));
    RETURN QUERY SELECT CASE WHEN is_same THEN 'duplicate' ELSE 'conflict' END, old.id, old.created_at::timestamptz, NULL::int[], NULL::bigint;
    RETURN;
  END IF;
  refused := refused_members(p_owner, everybody, p_rooms);
  IF cardinality(refused) > 0 THEN RETURN QUERY SELECT 'unknown', NULL::bigint, NULL::timestamptz, refused, NULL::bigint; RETURN; END IF;
  INSERT INTO conversation AS c (kind, title, created_by, history, last_seq, members_seq, info_seq, member_count, client_id)
    VALUES (2, p_title, p_owner, p_history, 1, 1, 1, cardinality(everybody), p_client) RETURNING c.id, c.created_at INTO made;
  INSERT INTO membership (conversation_id, user_id, role, changed_seq, joined_seq, visible_from_seq)
    SELECT made.id, o.id, CASE o.id WHEN p_owner THEN 3 ELSE 1 END, 1, 1, 1 FROM unnest(everybody) AS o(id);
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[made.id], ARRAY[1], ARRAY[1]) RETURNING outbox.id INTO owed;
  RETURN QUERY SELECT 'ok', made.id, made.created_at, everybody, owed;
END $f$;
