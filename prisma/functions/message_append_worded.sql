-- Appends a batch of messages. It is the only function that stores sends. Returns one row for each draft, in any
-- order; ord is the draft's place. Status created; duplicate (the client_id is stored with the same content, or was
-- edited or deleted since); conflict (it is stored with another content); not_found (absent, not a member, across a
-- block, or the other user is deleted); bad_reply; bad_mention. Within a batch a client_id appears once for each sender
-- and conversation: the caller separates repetitions. p_extra is null or has the keys
-- reply_to (an id), gone (the reply may be to a deleted message), mentions (ids of users) and client_id (as it was sent).
-- p_words has the words of each content as a tsvector in text form. Null leaves them to the worker.
-- A message to a peer who left a direct conversation adds them again: rejoined_id. Notes to oneself have one member.
-- The first statement locks and reads conversations, ascending. Later statements read membership, blocks and
-- client_ids. Rows between the steps are narrow: texts stay in the parameters and are taken from there by place.
-- member_count is that of the conversation when it was locked.
-- needs: new_id
CREATE OR REPLACE FUNCTION message_append_worded(p_conversation bigint[], p_sender int[], p_client uuid[], p_kind smallint[], p_content text[], p_extra jsonb[], p_words text[])
RETURNS TABLE (ord int, status text, id bigint, seq int, number int, created_at timestamptz, user_low int, user_high int,
  members_seq int, member_count int, rejoined_id int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  -- as they are once locked: nobody else moves their counters until the commit
  locked conversation[] := ARRAY(SELECT c FROM conversation c WHERE c.id = ANY (p_conversation) ORDER BY c.id FOR NO KEY UPDATE);
  replies int[];   -- by their places; null when no draft of the batch answers or mentions anything
  faults text[];
  target conversation;  -- of a single draft
BEGIN
  IF EXISTS (SELECT FROM unnest(p_extra) e WHERE e ?| '{reply_to,mentions}') THEN
    SELECT array_agg(r.seq ORDER BY i.ord),
      array_agg(CASE WHEN i.extra->>'reply_to' IS NOT NULL AND r.seq IS NULL THEN 'bad_reply' WHEN t.stranger IS NOT NULL THEN 'bad_mention' END ORDER BY i.ord)
    INTO replies, faults
    FROM unnest(p_conversation, p_sender, p_extra) WITH ORDINALITY AS i(conv, sender, extra, ord)
    LEFT JOIN unnest(locked) c ON c.id = i.conv
    LEFT JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.sender LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT x.seq FROM (SELECT * FROM message y WHERE i.extra IS NOT NULL AND y.conversation_id = i.conv
        AND y.id = (i.extra->>'reply_to')::bigint LIMIT 1) x   -- by id, whatever else is asked of it
      WHERE x.seq >= s.visible_from_seq
        AND (i.extra ? 'gone' OR x.deleted_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > now()) AND x.seq > s.cleared_seq)) r ON true
    LEFT JOIN LATERAL (SELECT o.id AS stranger FROM jsonb_array_elements_text(i.extra->'mentions') AS o(id) WHERE i.extra IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = o.id::int AND (x.left_seq IS NULL OR c.kind = 1)) LIMIT 1) t ON true;
  END IF;
  -- Most batches are one draft, and most drafts are stored. Plain statements do that in some 70 % of the time of the query below,
  -- whose steps and partitions cost the same for one row as for fifty. It answers whatever they do not store.
  IF cardinality(p_conversation) = 1 AND faults[1] IS NULL THEN
    target := locked[1];
    INSERT INTO message AS m (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata, reply_to_seq, created_at, words)
    SELECT target.id, target.last_seq + 1, target.last_seq + 1, target.message_count + 1, new_id(), p_sender[1], p_client[1], p_kind[1], p_content[1],
      nullif(p_extra[1] - '{reply_to,gone}'::text[], '{}'),
      replies[1], clock_timestamp(), p_words[1]::tsvector
    WHERE EXISTS (SELECT FROM membership x WHERE x.conversation_id = target.id AND x.user_id = p_sender[1] AND x.left_seq IS NULL)
      AND (target.kind <> 1
        OR EXISTS (SELECT FROM person x WHERE x.id = CASE p_sender[1] WHEN target.user_low THEN target.user_high ELSE target.user_low END
          AND x.is_active AND x.deleted_at IS NULL)
        AND NOT EXISTS (SELECT FROM block x WHERE x.blocker_id = target.user_low AND x.blocked_id = target.user_high)
        AND NOT EXISTS (SELECT FROM block x WHERE x.blocker_id = target.user_high AND x.blocked_id = target.user_low))
    ON CONFLICT DO NOTHING   -- the client_id is stored
    RETURNING m.id, m.created_at INTO id, created_at;
    IF FOUND THEN
      UPDATE conversation c SET last_seq = c.last_seq + 1, message_count = c.message_count + 1, changed_at = clock_timestamp(),
        members_seq = CASE WHEN c.user_low <> c.user_high AND c.member_count < 2 THEN c.last_seq + 1 ELSE c.members_seq END,
        member_count = CASE WHEN c.user_low <> c.user_high THEN 2 ELSE c.member_count END
      WHERE c.id = target.id RETURNING c.last_seq, c.message_count, c.members_seq INTO seq, number, members_seq;
      IF members_seq = seq THEN
        UPDATE membership m SET left_seq = NULL, visible_from_seq = seq, changed_seq = seq, joined_seq = seq, changed_at = clock_timestamp()
        WHERE m.conversation_id = target.id AND m.left_seq IS NOT NULL RETURNING m.user_id INTO rejoined_id;
      END IF;
      INSERT INTO outbox AS o (streams, from_seqs, to_seqs) VALUES (p_conversation, ARRAY[seq], ARRAY[seq]) RETURNING o.id INTO outbox_id;
      ord := 1;
      status := 'created';
      user_low := target.user_low;
      user_high := target.user_high;
      member_count := target.member_count;
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  RETURN QUERY WITH asked AS (
    SELECT i.ord::int AS ord, i.conv, c.last_seq, c.message_count, c.members_seq, c.member_count, c.member_count < 2 AND c.user_low <> c.user_high AS alone, c.user_low, c.user_high,
      m.id AS old_id, m.seq AS old_seq, m.number AS old_number, m.created_at AS old_at,
      CASE WHEN m.id IS NOT NULL THEN
          CASE WHEN m.deleted_at IS NOT NULL OR m.edited_at IS NOT NULL
            OR m.kind = p_kind[i.ord::int] AND m.content IS NOT DISTINCT FROM p_content[i.ord::int] THEN 'duplicate' ELSE 'conflict' END
        WHEN s.user_id IS NULL OR s.left_seq IS NOT NULL OR c.kind = 1 AND (p.id IS NULL OR b.blocker_id IS NOT NULL) THEN 'not_found'
        ELSE coalesce(faults[i.ord::int], 'created') END AS status
    FROM unnest(p_conversation, p_sender, p_client) WITH ORDINALITY AS i(conv, sender, client, ord)
    LEFT JOIN unnest(locked) c ON c.id = i.conv
    LEFT JOIN LATERAL (SELECT x.user_id, x.left_seq FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.sender LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT x.id FROM person x WHERE x.id = CASE i.sender WHEN c.user_low THEN c.user_high ELSE c.user_low END
      AND x.is_active AND x.deleted_at IS NULL LIMIT 1) p ON true
    LEFT JOIN LATERAL (SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_low AND x.blocked_id = c.user_high
      UNION ALL SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_high AND x.blocked_id = c.user_low LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT x.id, x.seq, x.number, x.created_at, x.deleted_at, x.edited_at, x.kind, x.content FROM message x
      WHERE x.conversation_id = i.conv AND x.sender_id = i.sender AND x.client_id = i.client LIMIT 1) m ON true),
  input AS MATERIALIZED (
    SELECT a.ord, a.conv, a.status, a.user_low, a.user_high, a.member_count,
      CASE a.status WHEN 'created' THEN new_id() ELSE a.old_id END AS id,
      CASE a.status WHEN 'created' THEN a.last_seq + a.n ELSE a.old_seq END AS seq,
      CASE a.status WHEN 'created' THEN a.message_count + a.n ELSE a.old_number END AS number,
      CASE a.status WHEN 'created' THEN clock_timestamp()::timestamptz(3) ELSE a.old_at END AS created_at,
      CASE WHEN a.alone AND a.status = 'created' THEN a.last_seq + 1 ELSE a.members_seq END AS members_seq
    FROM (SELECT *, row_number() OVER (PARTITION BY conv, status = 'created' ORDER BY ord)::int AS n FROM asked) a),
  moved AS MATERIALIZED (
    SELECT conv, min(seq) AS from_seq, max(seq) AS to_seq, max(number) AS number, max(members_seq) AS members_seq FROM input WHERE status = 'created' GROUP BY conv),
  bumped AS (
    UPDATE conversation c SET last_seq = v.to_seq, message_count = v.number, members_seq = v.members_seq, changed_at = clock_timestamp(),
      member_count = CASE WHEN c.user_low <> c.user_high THEN 2 ELSE c.member_count END
    FROM moved v WHERE c.id = v.conv),
  back AS (
    UPDATE membership m SET left_seq = NULL, visible_from_seq = v.from_seq, changed_seq = v.from_seq, joined_seq = v.from_seq, changed_at = clock_timestamp()
    FROM (SELECT * FROM moved WHERE members_seq = from_seq ORDER BY conv) v   -- ascending, as receipts lock them
    WHERE m.conversation_id = v.conv AND m.left_seq IS NOT NULL
    RETURNING m.conversation_id AS conv, m.user_id),
  inserted AS (
    INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata, reply_to_seq, created_at, words)
    SELECT i.conv, i.seq, i.seq, i.number, i.id, p_sender[i.ord], p_client[i.ord], p_kind[i.ord], p_content[i.ord],
      nullif(p_extra[i.ord] - '{reply_to,gone}'::text[], '{}'),
      replies[i.ord], i.created_at, p_words[i.ord]::tsvector
    FROM input i WHERE i.status = 'created'),
  owed AS (
    INSERT INTO outbox (streams, from_seqs, to_seqs) SELECT array_agg(conv), array_agg(from_seq), array_agg(to_seq) FROM moved HAVING count(*) > 0 RETURNING id)
  SELECT i.ord, i.status, i.id, i.seq, i.number, i.created_at, i.user_low, i.user_high, i.members_seq, i.member_count,
    CASE WHEN i.status = 'created' AND i.seq = i.members_seq THEN (SELECT r.user_id FROM back r WHERE r.conv = i.conv) END,
    (SELECT id FROM owed)
  FROM input i;
END $f$;
