-- message_append does as before, and less of it; how much less is in docs/performance.md.

-- Conversations are read when they are locked, so the next values are known before anything is written, and nothing is joined with what an
-- update or insert returns. What looks up messages prepares for every partition of theirs, so replies and mentions are looked up in a
-- statement of their own, which only a batch with any takes.
CREATE OR REPLACE FUNCTION message_append(p_conversation bigint[], p_sender int[], p_client uuid[], p_kind smallint[], p_content text[], p_extra jsonb[])
RETURNS TABLE (ord int, status text, id bigint, seq int, number int, created_at timestamptz, user_low int, user_high int,
  members_seq int, rejoined_id int, reply_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  -- as they are once locked: nobody else moves their counters until the commit
  locked conversation[] := ARRAY(SELECT c FROM conversation c WHERE c.id = ANY (p_conversation) ORDER BY c.id FOR NO KEY UPDATE);
  replies int[];   -- by their places; null when no draft of the batch answers or mentions anything
  faults text[];
BEGIN
  IF cardinality(array_remove(p_extra, NULL)) > 0 THEN
    SELECT array_agg(r.seq ORDER BY i.ord),
      array_agg(CASE WHEN i.extra->>'reply_to' IS NOT NULL AND r.seq IS NULL THEN 'bad_reply' WHEN t.stranger IS NOT NULL THEN 'bad_mention' END ORDER BY i.ord)
    INTO replies, faults
    FROM unnest(p_conversation, p_sender, p_extra) WITH ORDINALITY AS i(conv, sender, extra, ord)
    LEFT JOIN unnest(locked) c ON c.id = i.conv
    LEFT JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.sender LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT x.seq FROM (SELECT * FROM message y WHERE i.extra IS NOT NULL AND y.conversation_id = i.conv
        AND y.id = (i.extra->>'reply_to')::bigint LIMIT 1) x   -- by id, whatever else is asked of it
      WHERE x.deleted_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > now()) AND x.seq >= s.visible_from_seq AND x.seq > s.cleared_seq) r ON true
    LEFT JOIN LATERAL (SELECT o.id AS stranger FROM jsonb_array_elements_text(i.extra->'mentions') AS o(id) WHERE i.extra IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = o.id::int AND (x.left_seq IS NULL OR c.kind = 1)) LIMIT 1) t ON true;
  END IF;
  RETURN QUERY WITH asked AS (
    SELECT i.ord::int AS ord, i.conv, i.sender, i.client, i.kind, i.content, i.extra, i.reply_seq, i.bad,
      c.last_seq, c.message_count, c.members_seq, c.member_count < 2 AND c.kind = 1 AS alone, c.user_low, c.user_high,
      m.seq AS old_seq, m.id AS old_id, m.number AS old_number, m.created_at AS old_at,
      m.deleted_at IS NOT NULL OR m.edited_at IS NOT NULL OR (m.kind = i.kind AND m.content IS NOT DISTINCT FROM i.content) AS same,
      s.user_id IS NOT NULL AND s.left_seq IS NULL AND (c.kind <> 1 OR p.id IS NOT NULL AND b.blocker_id IS NULL) AS may
    FROM unnest(p_conversation, p_sender, p_client, p_kind, p_content, p_extra, replies, faults)
      WITH ORDINALITY AS i(conv, sender, client, kind, content, extra, reply_seq, bad, ord)
    LEFT JOIN unnest(locked) c ON c.id = i.conv
    LEFT JOIN LATERAL (SELECT x.user_id, x.left_seq FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.sender LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT x.id FROM person x WHERE x.id = CASE i.sender WHEN c.user_low THEN c.user_high ELSE c.user_low END
      AND x.is_active AND x.deleted_at IS NULL LIMIT 1) p ON true
    LEFT JOIN LATERAL (SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_low AND x.blocked_id = c.user_high
      UNION ALL SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_high AND x.blocked_id = c.user_low LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT x.seq, x.id, x.number, x.created_at, x.deleted_at, x.edited_at, x.kind, x.content FROM message x
      WHERE x.conversation_id = i.conv AND x.sender_id = i.sender AND x.client_id = i.client LIMIT 1) m ON true),
  input AS MATERIALIZED (   -- the first of one client_id that can be stored is the one that is
    SELECT a.*, min(ord) FILTER (WHERE may AND bad IS NULL AND old_seq IS NULL) OVER (PARTITION BY conv, sender, client) AS first_ord FROM asked a),
  placed AS MATERIALIZED (
    SELECT f.ord, f.conv, f.sender, f.client, f.kind, f.content, f.extra, f.reply_seq, f.last_seq + f.n AS seq, f.message_count + f.n AS number,
      CASE WHEN f.alone THEN f.last_seq + 1 ELSE f.members_seq END AS members_seq, new_id() AS id, clock_timestamp()::timestamptz(3) AS created_at
    FROM (SELECT i.*, row_number() OVER (PARTITION BY conv ORDER BY ord)::int AS n FROM input i WHERE ord = first_ord) f),
  moved AS MATERIALIZED (
    SELECT conv, min(seq) AS from_seq, max(seq) AS to_seq, max(number) AS number, max(members_seq) AS members_seq FROM placed GROUP BY conv),
  bumped AS (
    UPDATE conversation c SET last_seq = v.to_seq, message_count = v.number, members_seq = v.members_seq, changed_at = clock_timestamp(),
      member_count = CASE c.kind WHEN 1 THEN 2 ELSE c.member_count END
    FROM moved v WHERE c.id = v.conv),
  back AS (
    UPDATE membership m SET left_seq = NULL, visible_from_seq = v.from_seq, changed_seq = v.from_seq, joined_seq = v.from_seq, changed_at = clock_timestamp()
    FROM (SELECT * FROM moved WHERE members_seq = from_seq ORDER BY conv) v   -- ascending, as receipts lock them
    WHERE m.conversation_id = v.conv AND m.left_seq IS NOT NULL
    RETURNING m.conversation_id AS conv, m.user_id),
  inserted AS (
    INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata, reply_to_seq, created_at)
    SELECT p.conv, p.seq, p.seq, p.number, p.id, p.sender, p.client, p.kind, p.content,
      CASE WHEN jsonb_array_length(p.extra->'mentions') > 0 THEN jsonb_build_object('mentions', p.extra->'mentions') END, p.reply_seq, p.created_at
    FROM placed p),
  owed AS (
    INSERT INTO outbox (streams, from_seqs, to_seqs) SELECT array_agg(conv), array_agg(from_seq), array_agg(to_seq) FROM moved HAVING count(*) > 0 RETURNING id)
  SELECT i.ord,
    CASE WHEN i.old_seq IS NOT NULL THEN CASE WHEN i.same THEN 'duplicate' ELSE 'conflict' END
      WHEN i.may IS NOT TRUE THEN 'not_found'
      WHEN i.bad IS NOT NULL THEN i.bad
      WHEN i.ord = i.first_ord THEN 'created'
      WHEN n.content IS NOT DISTINCT FROM i.content AND n.kind = i.kind THEN 'duplicate' ELSE 'conflict' END,
    coalesce(i.old_id, n.id), coalesce(i.old_seq, n.seq), coalesce(i.old_number, n.number), coalesce(i.old_at, n.created_at),
    i.user_low, i.user_high, coalesce(n.members_seq, i.members_seq), r.user_id, i.reply_seq, (SELECT id FROM owed)
  FROM input i
  LEFT JOIN placed n ON n.ord = i.first_ord
  LEFT JOIN back r ON r.conv = i.conv AND n.seq = n.members_seq
  ORDER BY i.ord;
END $f$;

-- Nobody looks at statistics of words, since plans are made for any parameter; making them was four fifths of analysing a partition.
ALTER INDEX message_words_idx ALTER COLUMN 2 SET STATISTICS 0;
