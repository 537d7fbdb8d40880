-- The refresh tokens of a session are one line (docs/adr/0025): which of them was used last, and its generation. 0 and nothing before the first.
ALTER TABLE session ADD COLUMN generation int NOT NULL DEFAULT 0, ADD COLUMN spent_jti uuid;
