-- Marks a user whose name changed as one without keys. A release that knows keys gives them in the same transaction; the
-- worker gives them to the others.
CREATE OR REPLACE FUNCTION person_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name_keys := 0;
  RETURN NEW;
END $$;
