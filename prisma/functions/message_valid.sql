-- Returns whether a row of message keeps its bounds: the table's check constraint calls it. PostgreSQL parses the
-- text of a check for each partition of a statement; this name is short, and the function is parsed once for each
-- connection. Never loosen or tighten it here: rows that are stored already are not checked again. A different rule
-- is a new function and a new constraint.
CREATE OR REPLACE FUNCTION message_valid(seq int, changed_seq int, number int, kind smallint, content text, metadata jsonb, media_id uuid, reactions jsonb,
  pinned_at timestamptz, deleted_at timestamptz) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN seq > 0 AND changed_seq >= seq AND number BETWEEN 1 AND seq AND kind > 0
    AND (content IS NULL OR char_length(content) BETWEEN 1 AND 4000)
    AND (metadata IS NULL OR octet_length(metadata::text) <= 8192)
    AND (deleted_at IS NULL OR num_nonnulls(content, metadata, media_id, reactions, pinned_at) = 0);
END $$;
