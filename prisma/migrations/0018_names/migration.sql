-- New user names must not look like another: the skeletons of a name (Unicode Technical Standard 39) belong to one user.
-- The worker reserves those of names that were stored before, or imported.
ALTER TABLE person ADD COLUMN name_keys smallint NOT NULL DEFAULT 0;  -- 1: the keys of the name are in name_skeleton
CREATE INDEX person_unkeyed_idx ON person (id) WHERE name_keys = 0;
CREATE TABLE name_skeleton (
  skeleton text NOT NULL,
  user_id int NOT NULL,
  CONSTRAINT name_skeleton_pkey PRIMARY KEY (skeleton),
  CONSTRAINT name_skeleton_user_id_fkey FOREIGN KEY (user_id) REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX name_skeleton_user_id_idx ON name_skeleton (user_id);
-- A node of an earlier release may change a name, without its keys.
CREATE FUNCTION person_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name_keys := 0;
  RETURN NEW;
END $$;
CREATE TRIGGER person_renamed BEFORE UPDATE OF username ON person FOR EACH ROW
  WHEN (NEW.username <> OLD.username) EXECUTE FUNCTION person_renamed();

-- message_react_spelled takes spellings of an emoji for one; message_react calls it for older nodes. The functions of
-- this release:
-- functions: 48a672961e704665a9fa70bfb3f8b8d1c39da06b784f4db0f554f4b1080d4112
