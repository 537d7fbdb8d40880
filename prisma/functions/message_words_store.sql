-- Stores the words of messages that have none, if their texts are still p_content. Returns how many it stored. One row
-- after another, in the given order, so that two workers with the same rows do not lock each other out.
CREATE OR REPLACE FUNCTION message_words_store(p_conversation bigint[], p_seq int[], p_content text[], p_words text[])
RETURNS int LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
  stored int := 0;
  changed int;
BEGIN
  FOR i IN 1 .. cardinality(p_seq) LOOP
    UPDATE message x SET words = p_words[i]::tsvector
      WHERE x.conversation_id = p_conversation[i] AND x.seq = p_seq[i] AND x.words IS NULL AND x.content = p_content[i];
    GET DIAGNOSTICS changed = ROW_COUNT;
    stored := stored + changed;
  END LOOP;
  RETURN stored;
END $f$;
