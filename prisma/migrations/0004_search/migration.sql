-- Full-text search in one's conversations. One index of conversation and words together, so that what matches elsewhere costs nothing;
-- words are taken as they stand ('simple'), since people write in many languages. New rows wait in the index's pending list, which is
-- kept short: emptying it is part of somebody's send.
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE INDEX message_words_idx ON message USING gin (conversation_id, to_tsvector('simple', content))
  WITH (fastupdate = on, gin_pending_list_limit = 256) WHERE kind = 1 AND deleted_at IS NULL;
