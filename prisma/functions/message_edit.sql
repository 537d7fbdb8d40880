-- Replaces the text of the actor's own message as message_edit_worded does, without its words. Nodes of the release
-- before call it. The worker makes the words later.
-- needs: message_edit_worded
CREATE OR REPLACE FUNCTION message_edit(p_conversation bigint, p_actor int, p_message bigint, p_content text, p_mentions int[], p_edits int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE sql VOLATILE AS $f$
  SELECT * FROM message_edit_worded(p_conversation, p_actor, p_message, p_content, p_mentions, p_edits, NULL)
$f$;
