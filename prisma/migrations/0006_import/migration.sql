-- Moving in from another backend.

-- Password hashes that Django made, by what checking them costs: of each only the part that says so. Empty once everybody has signed in.
CREATE INDEX person_old_hash_idx
  ON person (substring(password_hash FROM '^(?:pbkdf2_sha256[$][0-9]+|argon2[$]argon2id[$]v=19[$][a-z0-9=,]+)'))
  WHERE password_hash LIKE 'pbkdf2%' OR password_hash LIKE 'argon2%';

-- What came from where, so that a second run brings only what is new. Written in the transaction that brings it. Messages are not here:
-- their client_id is made of their key in the source.
CREATE TABLE imported (
  source varchar(64) NOT NULL,                 -- name of the source
  kind varchar(16) NOT NULL,                   -- person, conversation, block
  source_key varchar(300) NOT NULL,
  target_id bigint,                            -- id of the person or conversation here
  CONSTRAINT imported_pkey PRIMARY KEY (source, kind, source_key)
);
