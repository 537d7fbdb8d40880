-- The functions of this release are files, in prisma/functions; docs/adr/0027 says how they are applied. Their hash:
-- functions: 7dc8148e6497542307701a6526dd09176b347e8a0fea41d4354ab695437107d7

-- Which set the database has: the number of the newest migration it belongs to, and its hash.
CREATE TABLE function_set (
  id smallint NOT NULL DEFAULT 1,
  release int NOT NULL,
  hash varchar(64) NOT NULL,
  applied_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT function_set_pkey PRIMARY KEY (id),
  CONSTRAINT function_set_single CHECK (id = 1)
);
