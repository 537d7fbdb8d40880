-- A direct conversation may have the same person twice: it holds their notes. NOT VALID, because all earlier rows keep the
-- stricter check, and reading them would hold the lock of the table.
ALTER TABLE conversation DROP CONSTRAINT conversation_kind;
ALTER TABLE conversation ADD CONSTRAINT conversation_kind CHECK (
  kind = 1 AND user_low IS NOT NULL AND user_high IS NOT NULL AND user_low <= user_high
  OR kind = 2 AND user_low IS NULL AND user_high IS NULL) NOT VALID;
-- functions: 5ece19a2e9c4276959c5f93589c57e31fc1edc03a77076f2d4ed8ee04652e5bd
