-- Less of what a send costs, again; docs/adr/0020 has the figures.

-- PostgreSQL parses the text of each check anew for each partition that a statement inserts into. A function's name is short, and what it does
-- is parsed once a connection. The conditions are those of before, so what is stored need not be looked at again.
CREATE FUNCTION message_valid(seq int, changed_seq int, number int, kind smallint, content text, metadata jsonb, media_id uuid, reactions jsonb,
  pinned_at timestamptz, deleted_at timestamptz) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN seq > 0 AND changed_seq >= seq AND number BETWEEN 1 AND seq AND kind > 0
    AND (content IS NULL OR char_length(content) BETWEEN 1 AND 4000)
    AND (metadata IS NULL OR octet_length(metadata::text) <= 8192)
    AND (deleted_at IS NULL OR num_nonnulls(content, metadata, media_id, reactions, pinned_at) = 0);
END $$;
ALTER TABLE message DROP CONSTRAINT message_bounds, DROP CONSTRAINT message_content, DROP CONSTRAINT message_tombstone, DROP CONSTRAINT message_metadata,
  ADD CONSTRAINT message_valid CHECK (message_valid(seq, changed_seq, number, kind, content, metadata, media_id, reactions, pinned_at, deleted_at)) NOT VALID;

-- As message_append, which stays for batches with repetitions and for nodes of before: here a client_id stands in a batch once only, and answers
-- come in any order. What is sorted and kept between the steps is narrow: texts stay in the parameters, and are taken from there by their places.
CREATE FUNCTION message_append_distinct(p_conversation bigint[], p_sender int[], p_client uuid[], p_kind smallint[], p_content text[], p_extra jsonb[])
RETURNS TABLE (ord int, status text, id bigint, seq int, number int, created_at timestamptz, user_low int, user_high int,
  members_seq int, rejoined_id int, outbox_id bigint)
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
    SELECT i.ord::int AS ord, i.conv, c.last_seq, c.message_count, c.members_seq, c.member_count < 2 AND c.kind = 1 AS alone, c.user_low, c.user_high,
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
    SELECT a.ord, a.conv, a.status, a.user_low, a.user_high,
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
      member_count = CASE c.kind WHEN 1 THEN 2 ELSE c.member_count END
    FROM moved v WHERE c.id = v.conv),
  back AS (
    UPDATE membership m SET left_seq = NULL, visible_from_seq = v.from_seq, changed_seq = v.from_seq, joined_seq = v.from_seq, changed_at = clock_timestamp()
    FROM (SELECT * FROM moved WHERE members_seq = from_seq ORDER BY conv) v   -- ascending, as receipts lock them
    WHERE m.conversation_id = v.conv AND m.left_seq IS NOT NULL
    RETURNING m.conversation_id AS conv, m.user_id),
  inserted AS (
    INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata, reply_to_seq, created_at)
    SELECT i.conv, i.seq, i.seq, i.number, i.id, p_sender[i.ord], p_client[i.ord], p_kind[i.ord], p_content[i.ord],
      CASE WHEN jsonb_array_length(p_extra[i.ord]->'mentions') > 0 THEN jsonb_build_object('mentions', p_extra[i.ord]->'mentions') END,
      replies[i.ord], i.created_at
    FROM input i WHERE i.status = 'created'),
  owed AS (
    INSERT INTO outbox (streams, from_seqs, to_seqs) SELECT array_agg(conv), array_agg(from_seq), array_agg(to_seq) FROM moved HAVING count(*) > 0 RETURNING id)
  SELECT i.ord, i.status, i.id, i.seq, i.number, i.created_at, i.user_low, i.user_high, i.members_seq,
    CASE WHEN i.status = 'created' AND i.seq = i.members_seq THEN (SELECT r.user_id FROM back r WHERE r.conv = i.conv) END,
    (SELECT id FROM owed)
  FROM input i;
END $f$;

-- As before, but the first text of a message stays among those that are kept: it is what a moderator asks for.
CREATE OR REPLACE FUNCTION message_edit(p_conversation bigint, p_actor int, p_message bigint, p_content text, p_mentions int[], p_edits int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, 1, true);
  m record;
  t record;
  facts jsonb := CASE WHEN cardinality(p_mentions) > 0 THEN jsonb_build_object('mentions', to_jsonb(p_mentions)) END;
  moment timestamptz(3) := clock_timestamp();
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN m.sender_id <> p_actor OR m.kind <> 1 THEN 'forbidden'
      WHEN m.content = p_content AND m.metadata IS NOT DISTINCT FROM facts THEN 'unchanged'
      WHEN EXISTS (SELECT 1 FROM unnest(p_mentions) AS o(id) WHERE NOT EXISTS (SELECT 1 FROM membership x
        WHERE x.conversation_id = p_conversation AND x.user_id = o.id AND (x.left_seq IS NULL OR m.direct))) THEN 'bad_mention' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  INSERT INTO message_edit (conversation_id, message_seq, seq, content, replaced_at) VALUES (p_conversation, m.seq, t.seq, m.content, moment);
  DELETE FROM message_edit e WHERE e.conversation_id = p_conversation AND e.message_seq = m.seq
    AND e.seq > (SELECT min(x.seq) FROM message_edit x WHERE x.conversation_id = p_conversation AND x.message_seq = m.seq)
    AND e.seq <= (SELECT x.seq FROM message_edit x WHERE x.conversation_id = p_conversation AND x.message_seq = m.seq ORDER BY x.seq DESC OFFSET p_edits - 1 LIMIT 1);
  UPDATE message x SET content = p_content, metadata = facts, edited_at = moment WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, moment::timestamptz, t.member_ids, t.members_seq, t.outbox_id;
END $f$;
