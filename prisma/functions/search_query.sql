-- Reads the text form of a tsquery. Its cost keeps the planner, which may have seen small tables, from comparing every
-- message of a conversation with the query instead of using the index of words.
CREATE OR REPLACE FUNCTION search_query(p_query text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $f$
BEGIN
  RETURN p_query::tsquery;
END $f$;
