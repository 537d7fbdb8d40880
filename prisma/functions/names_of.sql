-- Returns up to five user names joined by commas, and the number of the others.
CREATE OR REPLACE FUNCTION names_of(p_users int[]) RETURNS text LANGUAGE plpgsql STABLE AS $f$
BEGIN
  RETURN (SELECT string_agg(p.username, ', ' ORDER BY o.ord) FROM unnest(p_users[1:5]) WITH ORDINALITY AS o(id, ord) JOIN person p ON p.id = o.id)
    || CASE WHEN cardinality(p_users) > 5 THEN format(' and %s more', cardinality(p_users) - 5) ELSE '' END;
END $f$;
