-- Returns people with a key from p_from up to, but without, p_to, in the order of their first such key: at most p_limit,
-- after the key and the id of p_after. Leaves out the viewer, users who are inactive, deleted or not
-- findable, and everybody across a block.
-- It reads at most p_read keys; an entry with an id of null says that the page ended there, and where. The settings keep
-- the planner on the indexes. A plan made on a small table would else read and sort the whole one.
-- needs: across_block
CREATE OR REPLACE FUNCTION people_found(p_viewer int, p_from text, p_to text, p_after_key text, p_after_id int, p_limit int, p_read int)
RETURNS TABLE (key text, key_of int, id int)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  start text COLLATE "C" := CASE WHEN p_after_key > p_from COLLATE "C" THEN p_after_key ELSE p_from END;
  found int := 0;
  read int := 0;
BEGIN
  FOR c IN SELECT x.key, x.user_id FROM person_search x
    WHERE x.key >= start AND x.key < p_to AND (x.key, x.user_id) > (p_after_key, p_after_id) ORDER BY x.key, x.user_id LIMIT p_read
  LOOP
    read := read + 1;
    IF c.user_id <> p_viewer
      AND (SELECT min(y.key) FROM person_search y WHERE y.user_id = c.user_id AND y.key >= p_from) = c.key
      AND EXISTS (SELECT 1 FROM person p WHERE p.id = c.user_id AND p.findable AND p.is_active AND p.deleted_at IS NULL)
      AND NOT across_block(p_viewer, c.user_id)
    THEN
      found := found + 1;
      RETURN QUERY SELECT c.key, c.user_id, c.user_id;
      IF found = p_limit THEN RETURN; END IF;
    END IF;
  END LOOP;
  IF read = p_read THEN RETURN QUERY SELECT c.key, c.user_id, NULL::int; END IF;
END $f$;
