-- Appends a batch of messages as message_append_worded does, without their words. Nodes of the release before call it.
-- The worker makes the words later. To be dropped with the index message_words_idx.
-- needs: message_append_worded
CREATE OR REPLACE FUNCTION message_append_counted(p_conversation bigint[], p_sender int[], p_client uuid[], p_kind smallint[], p_content text[], p_extra jsonb[])
RETURNS TABLE (ord int, status text, id bigint, seq int, number int, created_at timestamptz, user_low int, user_high int,
  members_seq int, member_count int, rejoined_id int, outbox_id bigint)
LANGUAGE sql VOLATILE AS $f$
  SELECT * FROM message_append_worded(p_conversation, p_sender, p_client, p_kind, p_content, p_extra, NULL)
$f$;
