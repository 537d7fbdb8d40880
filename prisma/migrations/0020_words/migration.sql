-- The words of a message, made by the api from its text (docs/adr/0030). Null: not made yet, or by a node of an earlier
-- release; the worker makes them. message_words_idx stays for such nodes, and for these rows.
ALTER TABLE message ADD COLUMN words tsvector;
-- Nobody looks at statistics of words, and making them takes long.
ALTER TABLE message ALTER COLUMN words SET STATISTICS 0;
CREATE INDEX message_found_idx ON message USING gin (conversation_id, words)
  WITH (fastupdate = on, gin_pending_list_limit = 256) WHERE kind = 1 AND deleted_at IS NULL AND words IS NOT NULL;
CREATE INDEX message_wordless_idx ON message (conversation_id, seq) WHERE kind = 1 AND deleted_at IS NULL AND words IS NULL;

-- The functions of this release:
-- functions: 74aa5b314a234e6edfadbbbdcb8e75c95b665511ed8d7b6d3cb38cea2117ff75
