-- Returns those of p_users whom p_actor cannot add to a group: absent, inactive or deleted, across a block from the
-- actor, or in p_rooms groups already. The array is empty when all can be added.
-- needs: across_block
CREATE OR REPLACE FUNCTION refused_members(p_actor int, p_users int[], p_rooms int) RETURNS int[]
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN (SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM unnest(p_users) AS o(id)
    WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id = o.id AND p.is_active AND p.deleted_at IS NULL)
      OR across_block(p_actor, o.id)
      OR (SELECT count(*) FROM (SELECT 1 FROM membership m
        JOIN LATERAL (SELECT 1 FROM conversation x WHERE x.id = m.conversation_id AND x.kind = 2 LIMIT 1) c ON true
        WHERE m.user_id = o.id AND m.left_seq IS NULL LIMIT p_rooms) r) >= p_rooms);
END $f$;
