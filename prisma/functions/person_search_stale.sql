-- Marks a user as one whose search keys are not those of their names. A release that knows keys stores them in the same
-- transaction; the worker makes the others.
CREATE OR REPLACE FUNCTION person_search_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.search_keys := 0;
  RETURN NEW;
END $$;
