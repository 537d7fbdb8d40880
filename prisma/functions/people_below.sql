-- Returns the newest accounts with an id below p_before, newest first: at most p_limit. Leaves out the viewer, inactive
-- and deleted users, and everybody across a block. The settings keep the planner on the primary key, downwards. A plan
-- made on a small table would else read and sort the whole one.
-- needs: across_block
CREATE OR REPLACE FUNCTION people_below(p_viewer int, p_before int, p_limit int)
RETURNS TABLE (id int, username text, first_name text, last_name text, email text)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT p.id, p.username::text, p.first_name::text, p.last_name::text, p.email::text FROM person p
    WHERE p.id < p_before AND p.id <> p_viewer AND p.is_active AND p.deleted_at IS NULL AND NOT across_block(p_viewer, p.id)
    ORDER BY p.id DESC LIMIT p_limit;
END $f$;
