-- Old rows of the audit may go (AUDIT_RETENTION). Rows of the last day stay whatever is asked, and none ever changes.
DROP TRIGGER audit_append_only ON audit;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_keep_young BEFORE DELETE ON audit FOR EACH ROW
  WHEN (OLD.at > clock_timestamp() - interval '1 day') EXECUTE FUNCTION audit_refuse();

-- People are found by the beginnings of their names. Each person chooses whether to be found.
ALTER TABLE person ADD COLUMN findable boolean NOT NULL DEFAULT true;
ALTER TABLE person ADD COLUMN search_keys smallint NOT NULL DEFAULT 0;  -- 1: person_search has the keys of the names
CREATE INDEX person_unsearched_idx ON person (id) WHERE search_keys = 0;
CREATE TABLE person_search (
  key text COLLATE "C" NOT NULL,
  user_id int NOT NULL,
  CONSTRAINT person_search_pkey PRIMARY KEY (key, user_id),
  CONSTRAINT person_search_user_id_fkey FOREIGN KEY (user_id) REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX person_search_user_id_key_idx ON person_search (user_id, key);
-- A node of an earlier release, or an import, stores names without their keys; the worker makes those.
CREATE FUNCTION person_search_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.search_keys := 0;
  RETURN NEW;
END $$;
CREATE TRIGGER person_search_stale BEFORE UPDATE OF username, first_name, last_name, findable ON person FOR EACH ROW
  WHEN ((NEW.username, NEW.first_name, NEW.last_name, NEW.findable) IS DISTINCT FROM (OLD.username, OLD.first_name, OLD.last_name, OLD.findable))
  EXECUTE FUNCTION person_search_stale();
-- people_found reads one page of the people who are found. The functions of this release:
-- functions: 595c899d444cbc910d69fc41f538041674a3df813d3953644ef830a730e25988
