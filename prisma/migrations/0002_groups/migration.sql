-- Groups, and messages as people use them: replies, mentions, edits, deletions, reactions, pins; private reading.

ALTER TABLE conversation
  ADD COLUMN history smallint NOT NULL DEFAULT 1,          -- what who joins may see: 1 from his joining on, 2 all
  ADD COLUMN info_seq int NOT NULL DEFAULT 0,              -- seq of the last change of title or settings
  ADD CONSTRAINT conversation_history CHECK (history IN (1, 2) AND info_seq BETWEEN 0 AND last_seq);

ALTER TABLE membership
  ADD COLUMN joined_seq int NOT NULL DEFAULT 0,            -- seq of the last joining
  ADD COLUMN changed_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),  -- of the row, its watermarks included; stands in no index
  ADD COLUMN private_read_seq int NOT NULL DEFAULT 0,      -- read without telling anybody
  ADD CONSTRAINT membership_private CHECK (private_read_seq >= 0 AND joined_seq >= 0);
UPDATE membership SET joined_seq = visible_from_seq;

ALTER TABLE message
  ADD COLUMN reactions jsonb,                              -- how many of each emoji, as counted from reaction
  ADD COLUMN pinned_at timestamptz(3);
ALTER TABLE message DROP CONSTRAINT message_tombstone;
ALTER TABLE message ADD CONSTRAINT message_tombstone CHECK (deleted_at IS NULL
  OR (content IS NULL AND metadata IS NULL AND media_id IS NULL AND reactions IS NULL AND pinned_at IS NULL));
CREATE INDEX message_pinned_idx ON message (conversation_id, seq) WHERE pinned_at IS NOT NULL;

-- Who reacted. As messages, without foreign keys: written under the lock of the conversation.
CREATE TABLE reaction (
  conversation_id bigint NOT NULL,
  message_seq int NOT NULL,
  emoji varchar(32) NOT NULL,
  user_id int NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT reaction_pkey PRIMARY KEY (conversation_id, message_seq, emoji, user_id),
  CONSTRAINT reaction_emoji CHECK (emoji <> '')
);

-- Texts that messages had before.
CREATE TABLE message_edit (
  conversation_id bigint NOT NULL,
  message_seq int NOT NULL,
  seq int NOT NULL,                                        -- of the change that replaced the text
  content varchar(4000) NOT NULL,
  replaced_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT message_edit_pkey PRIMARY KEY (conversation_id, message_seq, seq)
);

DROP FUNCTION message_append(bigint[], int[], uuid[], smallint[], text[]);
-- As before; p_extra is null, or {"reply_to": <id>, "mentions": [<user id> ...]}. Answers besides bad_reply when there is no such
-- message for the sender to see, and bad_mention when somebody who is mentioned is no member.
CREATE FUNCTION message_append(p_conversation bigint[], p_sender int[], p_client uuid[], p_kind smallint[], p_content text[], p_extra jsonb[])
RETURNS TABLE (ord int, status text, id bigint, seq int, number int, created_at timestamptz, user_low int, user_high int,
  members_seq int, rejoined_id int, reply_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM conversation c WHERE c.id = ANY (p_conversation) ORDER BY c.id FOR NO KEY UPDATE;
  RETURN QUERY WITH asked AS (
    SELECT i.ord::int AS ord, i.conv, i.sender, i.client, i.kind, i.content, i.extra->'mentions' AS mentions, r.seq AS reply_seq, c.members_seq, c.user_low, c.user_high,
      m.seq AS old_seq, m.id AS old_id, m.number AS old_number, m.created_at AS old_at,
      m.deleted_at IS NOT NULL OR m.edited_at IS NOT NULL OR (m.kind = i.kind AND m.content IS NOT DISTINCT FROM i.content) AS same,
      s.user_id IS NOT NULL AND s.left_seq IS NULL AND (c.kind <> 1 OR p.id IS NOT NULL AND b.blocker_id IS NULL) AS may,
      CASE WHEN i.extra->>'reply_to' IS NOT NULL AND r.seq IS NULL THEN 'bad_reply' WHEN t.stranger IS NOT NULL THEN 'bad_mention' END AS bad
    FROM unnest(p_conversation, p_sender, p_client, p_kind, p_content, p_extra) WITH ORDINALITY AS i(conv, sender, client, kind, content, extra, ord)
    LEFT JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = i.conv LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.sender LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT x.id FROM person x WHERE x.id = CASE i.sender WHEN c.user_low THEN c.user_high ELSE c.user_low END
      AND x.is_active AND x.deleted_at IS NULL LIMIT 1) p ON true
    LEFT JOIN LATERAL (SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_low AND x.blocked_id = c.user_high
      UNION ALL SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_high AND x.blocked_id = c.user_low LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = i.conv AND x.sender_id = i.sender AND x.client_id = i.client LIMIT 1) m ON true
    LEFT JOIN LATERAL (SELECT x.seq FROM (SELECT * FROM message y WHERE i.extra IS NOT NULL AND y.conversation_id = i.conv
        AND y.id = (i.extra->>'reply_to')::bigint LIMIT 1) x   -- by id, whatever else is asked of it
      WHERE x.deleted_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > now()) AND x.seq >= s.visible_from_seq AND x.seq > s.cleared_seq) r ON true
    LEFT JOIN LATERAL (SELECT o.id AS stranger FROM jsonb_array_elements_text(i.extra->'mentions') AS o(id) WHERE i.extra IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = o.id::int AND (x.left_seq IS NULL OR c.kind = 1)) LIMIT 1) t ON true),
  input AS MATERIALIZED (   -- the first of one client_id that can be stored is the one that is
    SELECT a.*, min(ord) FILTER (WHERE may AND bad IS NULL AND old_seq IS NULL) OVER (PARTITION BY conv, sender, client) AS first_ord FROM asked a),
  fresh AS MATERIALIZED (
    SELECT i.*, row_number() OVER (PARTITION BY conv ORDER BY ord)::int AS n FROM input i WHERE ord = first_ord),
  bumped AS (
    UPDATE conversation c SET last_seq = last_seq + f.n, message_count = message_count + f.n, changed_at = clock_timestamp(),
      members_seq = CASE WHEN c.kind = 1 AND c.member_count < 2 THEN c.last_seq + 1 ELSE c.members_seq END,
      member_count = CASE c.kind WHEN 1 THEN 2 ELSE c.member_count END
    FROM (SELECT conv, max(n) AS n FROM fresh GROUP BY conv) f WHERE c.id = f.conv
    RETURNING c.id, c.last_seq - f.n AS base, c.message_count - f.n AS counted, c.members_seq, c.user_low, c.user_high),
  back AS (
    UPDATE membership m SET left_seq = NULL, visible_from_seq = b.members_seq, changed_seq = b.members_seq, joined_seq = b.members_seq,
      changed_at = clock_timestamp()
    FROM (SELECT * FROM bumped WHERE members_seq > base ORDER BY id) b   -- ascending, as receipts lock them
    WHERE m.conversation_id = b.id AND m.user_id IN (b.user_low, b.user_high) AND m.left_seq IS NOT NULL
    RETURNING m.conversation_id AS conv, m.user_id),
  inserted AS (
    INSERT INTO message (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata, reply_to_seq)
    SELECT f.conv, b.base + f.n, b.base + f.n, b.counted + f.n, new_id(), f.sender, f.client, f.kind, f.content,
      CASE WHEN jsonb_array_length(f.mentions) > 0 THEN jsonb_build_object('mentions', f.mentions) END, f.reply_seq
    FROM fresh f JOIN bumped b ON b.id = f.conv
    RETURNING conversation_id AS conv, seq, number, id, sender_id AS sender, client_id AS client, created_at, content, kind),
  owed AS (
    INSERT INTO outbox (streams, from_seqs, to_seqs) SELECT array_agg(conv), array_agg(a), array_agg(z)
    FROM (SELECT conv, min(seq) AS a, max(seq) AS z FROM inserted GROUP BY conv) r HAVING count(*) > 0 RETURNING id)
  SELECT i.ord,
    CASE WHEN i.old_seq IS NOT NULL THEN CASE WHEN i.same THEN 'duplicate' ELSE 'conflict' END
      WHEN i.may IS NOT TRUE THEN 'not_found'
      WHEN i.bad IS NOT NULL THEN i.bad
      WHEN i.ord = i.first_ord THEN 'created'
      WHEN n.content IS NOT DISTINCT FROM i.content AND n.kind = i.kind THEN 'duplicate' ELSE 'conflict' END,
    coalesce(i.old_id, n.id), coalesce(i.old_seq, n.seq), coalesce(i.old_number, n.number), coalesce(i.old_at, n.created_at),
    i.user_low, i.user_high, coalesce(b.members_seq, i.members_seq), r.user_id, i.reply_seq, (SELECT id FROM owed)
  FROM input i
  LEFT JOIN inserted n ON n.conv = i.conv AND n.sender = i.sender AND n.client = i.client
  LEFT JOIN bumped b ON b.id = i.conv
  LEFT JOIN back r ON r.conv = i.conv AND n.seq = b.members_seq
  ORDER BY i.ord;
END $f$;

CREATE OR REPLACE FUNCTION direct_open(p_caller int, p_peer int)
RETURNS TABLE (id bigint, status text, seq int, members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  low int := least(p_caller, p_peer);
  high int := greatest(p_caller, p_peer);
  found_id bigint;
  next_seq int;
  owed bigint;
BEGIN
  IF p_caller = p_peer OR across_block(p_caller, p_peer)
    OR (SELECT count(*) FROM person p WHERE p.id IN (p_caller, p_peer) AND p.is_active AND p.deleted_at IS NULL) < 2 THEN RETURN; END IF;

  RETURN QUERY SELECT c.id, 'existing', c.last_seq, c.members_seq, NULL::bigint
    FROM conversation c JOIN membership m ON m.conversation_id = c.id AND m.user_id = p_caller
    WHERE c.user_low = low AND c.user_high = high AND m.left_seq IS NULL;
  IF FOUND THEN RETURN; END IF;

  INSERT INTO conversation (kind, user_low, user_high, created_by, last_seq, members_seq, member_count)
    VALUES (1, low, high, p_caller, 1, 1, 2) ON CONFLICT (user_low, user_high) DO NOTHING RETURNING id INTO found_id;
  IF FOUND THEN
    INSERT INTO membership (conversation_id, user_id, changed_seq, joined_seq, visible_from_seq) VALUES (found_id, low, 1, 1, 1), (found_id, high, 1, 1, 1);
    INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[found_id], ARRAY[1], ARRAY[1]) RETURNING id INTO owed;
    RETURN QUERY SELECT found_id, 'created', 1, 1, owed;
    RETURN;
  END IF;

  SELECT c.id, c.last_seq + 1 INTO found_id, next_seq FROM conversation c
    WHERE c.user_low = low AND c.user_high = high FOR NO KEY UPDATE;
  IF across_block(p_caller, p_peer) THEN RETURN; END IF;
  UPDATE membership m SET left_seq = NULL, visible_from_seq = next_seq, changed_seq = next_seq, joined_seq = next_seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = found_id AND m.user_id = p_caller AND m.left_seq IS NOT NULL;
  IF NOT FOUND THEN
    RETURN QUERY SELECT c.id, 'existing', c.last_seq, c.members_seq, NULL::bigint FROM conversation c WHERE c.id = found_id;
    RETURN;
  END IF;
  UPDATE conversation c SET last_seq = next_seq, members_seq = next_seq, member_count = c.member_count + 1, changed_at = clock_timestamp()
    WHERE c.id = found_id;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[found_id], ARRAY[next_seq], ARRAY[next_seq]) RETURNING id INTO owed;
  RETURN QUERY SELECT found_id, 'rejoined', next_seq, next_seq, owed;
END $f$;

DROP FUNCTION receipt_advance(bigint[], int[], int[], int[]);
-- As before. In a group the newest message alone is answered, in a direct conversation that the other person has left none. A private reading moves a watermark of its own, which only the member's
-- own position (own_*, the higher of both) shows.
CREATE FUNCTION receipt_advance(p_conversation bigint[], p_user int[], p_delivered int[], p_read int[], p_private boolean[])
RETURNS TABLE (ord int, old_delivered int, new_delivered int, old_read int, new_read int, user_low int, user_high int,
  delivered_ids bigint[], delivered_seqs int[], delivered_senders int[], read_ids bigint[], read_seqs int[], read_senders int[],
  old_own int, new_own int, own_id bigint, own_seq int, told boolean, members_seq int)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM (SELECT DISTINCT i.conv, i.usr FROM unnest(p_conversation, p_user) AS i(conv, usr) ORDER BY i.conv, i.usr) o
    CROSS JOIN LATERAL (SELECT 1 FROM membership x WHERE x.conversation_id = o.conv AND x.user_id = o.usr LIMIT 1 FOR NO KEY UPDATE) m;
  RETURN QUERY WITH input AS MATERIALIZED (
    SELECT min(i.ord)::int AS ord, i.conv, i.usr, max(greatest(i.delivered, CASE WHEN i.private THEN 0 ELSE i.read END, 0)) AS delivered,
      max(CASE WHEN i.private THEN 0 ELSE greatest(i.read, 0) END) AS read, max(CASE WHEN i.private THEN greatest(i.read, 0) ELSE 0 END) AS private
    FROM unnest(p_conversation, p_user, p_delivered, p_read, p_private) WITH ORDINALITY AS i(conv, usr, delivered, read, private, ord) GROUP BY i.conv, i.usr),
  target AS MATERIALIZED (
    SELECT i.ord, i.conv, i.usr, m.delivered_seq AS od, m.read_seq AS old_r, m.private_read_seq AS old_p, m.visible_from_seq AS floor, c.user_low, c.user_high,
      greatest(m.delivered_seq, least(i.delivered, c.last_seq)) AS nd, greatest(m.read_seq, least(i.read, c.last_seq)) AS nr,
      greatest(m.private_read_seq, least(i.private, c.last_seq)) AS np, c.kind,
      CASE c.kind WHEN 1 THEN c.member_count = 2 ELSE c.member_count <= 32 END AS told, c.members_seq
    FROM input i
    CROSS JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.usr AND x.left_seq IS NULL LIMIT 1) m
    CROSS JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = i.conv LIMIT 1) c
    LEFT JOIN LATERAL (SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_low AND x.blocked_id = c.user_high
      UNION ALL SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_high AND x.blocked_id = c.user_low LIMIT 1) b ON true
    WHERE c.kind <> 1 OR b.blocker_id IS NULL),
  moved AS (
    UPDATE membership m SET delivered_seq = t.nd, read_seq = t.nr, private_read_seq = t.np, changed_at = clock_timestamp() FROM target t
    WHERE m.conversation_id = t.conv AND m.user_id = t.usr AND (t.nd > t.od OR t.nr > t.old_r OR t.np > t.old_p))
  SELECT t.ord, t.od, t.nd, t.old_r, t.nr, t.user_low, t.user_high, d.ids, d.seqs, d.senders, r.ids, r.seqs, r.senders,
    greatest(t.old_r, t.old_p), greatest(t.nr, t.np), o.id, o.seq, t.told, t.members_seq
  FROM target t
  LEFT JOIN LATERAL (SELECT array_agg(q.id ORDER BY q.seq) AS ids, array_agg(q.seq ORDER BY q.seq) AS seqs, array_agg(q.sender_id ORDER BY q.seq) AS senders
    FROM (SELECT x.id, x.seq, x.sender_id FROM message x WHERE x.conversation_id = t.conv AND x.seq > t.od AND x.seq <= t.nd AND x.seq >= t.floor
      AND x.sender_id <> t.usr AND x.deleted_at IS NULL ORDER BY x.seq DESC LIMIT CASE t.kind WHEN 1 THEN 1000 ELSE 1 END) q) d ON t.told AND t.nd > t.od
  LEFT JOIN LATERAL (SELECT array_agg(q.id ORDER BY q.seq) AS ids, array_agg(q.seq ORDER BY q.seq) AS seqs, array_agg(q.sender_id ORDER BY q.seq) AS senders
    FROM (SELECT x.id, x.seq, x.sender_id FROM message x WHERE x.conversation_id = t.conv AND x.seq > t.old_r AND x.seq <= t.nr AND x.seq >= t.floor
      AND x.sender_id <> t.usr AND x.deleted_at IS NULL ORDER BY x.seq DESC LIMIT CASE t.kind WHEN 1 THEN 1000 ELSE 1 END) q) r ON t.told AND t.nr > t.old_r
  LEFT JOIN LATERAL (SELECT x.id, x.seq FROM message x WHERE x.conversation_id = t.conv AND x.seq > greatest(t.old_r, t.old_p)
    AND x.seq <= greatest(t.nr, t.np) AND x.seq >= t.floor AND x.deleted_at IS NULL ORDER BY x.seq DESC LIMIT 1) o ON greatest(t.nr, t.np) > greatest(t.old_r, t.old_p)
  ORDER BY t.ord;
END $f$;

-- Changes of conversations. Each function locks the conversation in a first statement, reads in later ones, takes a value and owes an
-- announcement; a status other than ok changed nothing.

-- Locks a conversation and says whether a member may act in it: ok, not_found (absent, not a member, across a block), forbidden (his
-- role is too low), direct (a direct conversation, and p_direct does not allow for that).
CREATE FUNCTION conversation_gate(p_conversation bigint, p_actor int, p_rank int, p_direct boolean) RETURNS text
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  r record;
BEGIN
  PERFORM 1 FROM conversation c WHERE c.id = p_conversation FOR NO KEY UPDATE;
  SELECT c.kind, c.user_low, c.user_high, m.role INTO r FROM conversation c JOIN membership m ON m.conversation_id = c.id
    WHERE c.id = p_conversation AND m.user_id = p_actor AND m.left_seq IS NULL;
  IF NOT FOUND OR (r.kind = 1 AND across_block(r.user_low, r.user_high)) THEN RETURN 'not_found'; END IF;
  IF r.kind = 1 THEN RETURN CASE WHEN p_direct THEN 'ok' ELSE 'direct' END; END IF;
  RETURN CASE WHEN r.role >= p_rank THEN 'ok' ELSE 'forbidden' END;
END $f$;

-- Locks memberships in the order of ids, as receipts do, which lock no conversation.
CREATE FUNCTION membership_lock(p_conversation bigint, p_users int[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
BEGIN
  PERFORM 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = ANY (p_users) ORDER BY m.user_id FOR NO KEY UPDATE;
END $f$;

-- Up to five user names, and how many others.
CREATE FUNCTION names_of(p_users int[]) RETURNS text LANGUAGE plpgsql STABLE AS $f$
BEGIN
  RETURN (SELECT string_agg(p.username, ', ' ORDER BY o.ord) FROM unnest(p_users[1:5]) WITH ORDINALITY AS o(id, ord) JOIN person p ON p.id = o.id)
    || CASE WHEN cardinality(p_users) > 5 THEN format(' and %s more', cardinality(p_users) - 5) ELSE '' END;
END $f$;

-- Appends a message of the server's own to a locked conversation, under its next value.
CREATE FUNCTION system_message(p_conversation bigint, p_actor int, p_action text, p_users int[], p_title text)
RETURNS TABLE (seq int, number int, id bigint, client_id uuid, content text, metadata jsonb, created_at timestamptz)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  actor text := names_of(ARRAY[p_actor]);
BEGIN
  UPDATE conversation x SET last_seq = x.last_seq + 1, message_count = x.message_count + 1, changed_at = clock_timestamp()
    WHERE x.id = p_conversation RETURNING x.last_seq, x.message_count INTO c;
  RETURN QUERY INSERT INTO message AS m (conversation_id, seq, changed_seq, number, id, sender_id, client_id, kind, content, metadata)
    VALUES (p_conversation, c.last_seq, c.last_seq, c.message_count, new_id(), p_actor, gen_random_uuid(), 2,
      CASE p_action WHEN 'titled' THEN actor || ' named the group ' || p_title
        WHEN 'left' THEN actor || ' left'
        ELSE actor || CASE p_action WHEN 'joined' THEN ' added ' ELSE ' removed ' END || names_of(p_users) END,
      jsonb_build_object('system', jsonb_build_object('action', p_action, 'user_ids', to_jsonb(p_users), 'title', p_title)))
    RETURNING m.seq, m.number, m.id, m.client_id, m.content, m.metadata, m.created_at;
END $f$;

-- Those of p_users who cannot be brought into a group by p_actor: absent, gone, across a block from him, or in p_rooms groups already.
CREATE FUNCTION refused_members(p_actor int, p_users int[], p_rooms int) RETURNS int[]
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN (SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM unnest(p_users) AS o(id)
    WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id = o.id AND p.is_active AND p.deleted_at IS NULL)
      OR across_block(p_actor, o.id)
      OR (SELECT count(*) FROM (SELECT 1 FROM membership m
        JOIN LATERAL (SELECT 1 FROM conversation x WHERE x.id = m.conversation_id AND x.kind = 2 LIMIT 1) c ON true
        WHERE m.user_id = o.id AND m.left_seq IS NULL LIMIT p_rooms) r) >= p_rooms);
END $f$;

-- Makes a group of its owner and others. Takes seq 1. Status ok, or unknown with those who cannot be brought in.
CREATE FUNCTION group_create(p_owner int, p_members int[], p_title text, p_history smallint, p_rooms int)
RETURNS TABLE (status text, id bigint, created_at timestamptz, user_ids int[], outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  everybody int[] := ARRAY(SELECT DISTINCT o.id FROM unnest(p_members || p_owner) AS o(id) ORDER BY o.id);
  refused int[] := refused_members(p_owner, everybody, p_rooms);
  made record;
  owed bigint;
BEGIN
  IF cardinality(refused) > 0 THEN RETURN QUERY SELECT 'unknown', NULL::bigint, NULL::timestamptz, refused, NULL::bigint; RETURN; END IF;
  INSERT INTO conversation AS c (kind, title, created_by, history, last_seq, members_seq, info_seq, member_count)
    VALUES (2, p_title, p_owner, p_history, 1, 1, 1, cardinality(everybody)) RETURNING c.id, c.created_at INTO made;
  INSERT INTO membership (conversation_id, user_id, role, changed_seq, joined_seq, visible_from_seq)
    SELECT made.id, o.id, CASE o.id WHEN p_owner THEN 3 ELSE 1 END, 1, 1, 1 FROM unnest(everybody) AS o(id);
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[made.id], ARRAY[1], ARRAY[1]) RETURNING outbox.id INTO owed;
  RETURN QUERY SELECT 'ok', made.id, made.created_at, everybody, owed;
END $f$;

-- Brings people into a group: one value, and a system message under the next. Those who are in it already are passed over. Status ok,
-- unchanged (all were in it), unknown (with those who cannot be brought in), full, or as conversation_gate.
CREATE FUNCTION group_add(p_conversation bigint, p_actor int, p_users int[], p_rank int, p_members int, p_rooms int)
RETURNS TABLE (status text, seq int, user_ids int[], owner_id int, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  fresh int[];
  refused int[];
  c record;
  owed bigint;
  said jsonb;
BEGIN
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int[], NULL::int, NULL::bigint, NULL::jsonb; RETURN; END IF;
  fresh := ARRAY(SELECT DISTINCT o.id FROM unnest(p_users) AS o(id) WHERE NOT EXISTS (
    SELECT 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = o.id AND m.left_seq IS NULL) ORDER BY o.id);
  refused := refused_members(p_actor, fresh, p_rooms);
  SELECT x.last_seq + 1 AS seq, x.member_count, x.history INTO c FROM conversation x WHERE x.id = p_conversation;
  verdict := CASE WHEN cardinality(fresh) = 0 THEN 'unchanged' WHEN cardinality(refused) > 0 THEN 'unknown'
    WHEN c.member_count + cardinality(fresh) > p_members THEN 'full' ELSE 'ok' END;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, refused, NULL::int, NULL::bigint, NULL::jsonb; RETURN; END IF;

  INSERT INTO membership AS m (conversation_id, user_id, changed_seq, joined_seq, visible_from_seq, delivered_seq, read_seq)
    SELECT p_conversation, o.id, c.seq, c.seq, CASE c.history WHEN 2 THEN 0 ELSE c.seq END, c.seq, c.seq FROM unnest(fresh) AS o(id)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET left_seq = NULL, role = 1, joined_at = clock_timestamp(), changed_at = clock_timestamp(),
      changed_seq = excluded.changed_seq, joined_seq = excluded.joined_seq, visible_from_seq = excluded.visible_from_seq,
      delivered_seq = excluded.delivered_seq, read_seq = excluded.read_seq;
  UPDATE conversation x SET last_seq = c.seq, members_seq = c.seq, member_count = x.member_count + cardinality(fresh), changed_at = clock_timestamp()
    WHERE x.id = p_conversation;
  SELECT to_jsonb(s) INTO said FROM system_message(p_conversation, p_actor, 'joined', fresh, NULL) s;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[c.seq], ARRAY[c.seq + 1]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', c.seq, fresh, NULL::int, owed, said;
END $f$;

-- Takes people out of a group: one value, and a system message under the next. Those who are not in it are passed over. Status ok,
-- unchanged (none was in it), forbidden (the actor, or somebody of his role or a higher one, is among them), or as conversation_gate.
CREATE FUNCTION group_remove(p_conversation bigint, p_actor int, p_users int[], p_rank int)
RETURNS TABLE (status text, seq int, user_ids int[], owner_id int, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  gone int[];
  above boolean;
  next_seq int;
  owed bigint;
  said jsonb;
BEGIN
  IF verdict = 'ok' THEN
    SELECT coalesce(array_agg(m.user_id ORDER BY m.user_id), '{}'), coalesce(bool_or(m.role >= a.role), false) INTO gone, above
      FROM membership m, (SELECT x.role FROM membership x WHERE x.conversation_id = p_conversation AND x.user_id = p_actor) a
      WHERE m.conversation_id = p_conversation AND m.user_id = ANY (p_users) AND m.left_seq IS NULL;
    verdict := CASE WHEN above THEN 'forbidden' WHEN cardinality(gone) = 0 THEN 'unchanged' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int[], NULL::int, NULL::bigint, NULL::jsonb; RETURN; END IF;

  UPDATE conversation x SET last_seq = x.last_seq + 1, members_seq = x.last_seq + 1, member_count = x.member_count - cardinality(gone),
    changed_at = clock_timestamp() WHERE x.id = p_conversation RETURNING x.last_seq INTO next_seq;
  PERFORM membership_lock(p_conversation, gone);
  UPDATE membership m SET left_seq = next_seq, changed_seq = next_seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = p_conversation AND m.user_id = ANY (gone);
  SELECT to_jsonb(s) INTO said FROM system_message(p_conversation, p_actor, 'removed', gone, NULL) s;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[next_seq], ARRAY[next_seq + 1]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', next_seq, gone, NULL::int, owed, said;
END $f$;

DROP FUNCTION conversation_leave(bigint, int);
-- Takes a member out of a conversation. Answers no row when he is not in it. In a group a system message says so under the next value,
-- and when the owner leaves, the group goes to the member of the highest role who has been in it for longest.
CREATE FUNCTION conversation_leave(p_conversation bigint, p_user int)
RETURNS TABLE (seq int, user_low int, user_high int, owner_id int, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  heir int;
  owed bigint;
  said jsonb;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = p_user AND m.left_seq IS NULL) THEN RETURN; END IF;
  SELECT x.last_seq + 1 AS seq, x.kind, x.user_low, x.user_high INTO c FROM conversation x WHERE x.id = p_conversation FOR NO KEY UPDATE;
  IF c.kind = 2 AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.conversation_id = p_conversation AND m.role = 3 AND m.left_seq IS NULL AND m.user_id <> p_user) THEN
    heir := (SELECT x.user_id FROM membership x WHERE x.conversation_id = p_conversation AND x.left_seq IS NULL AND x.user_id <> p_user
      ORDER BY x.role DESC, x.joined_seq, x.user_id LIMIT 1);
  END IF;
  PERFORM membership_lock(p_conversation, ARRAY[p_user, heir]);
  UPDATE membership m SET left_seq = c.seq, changed_seq = c.seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = p_conversation AND m.user_id = p_user AND m.left_seq IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE conversation x SET last_seq = c.seq, members_seq = c.seq, member_count = x.member_count - 1, changed_at = clock_timestamp()
    WHERE x.id = p_conversation;
  IF c.kind = 2 THEN
    UPDATE membership m SET role = 3, changed_seq = c.seq, changed_at = clock_timestamp()
      WHERE m.conversation_id = p_conversation AND m.user_id = heir;
    SELECT to_jsonb(s) INTO said FROM system_message(p_conversation, p_user, 'left', ARRAY[p_user], NULL) s;
  END IF;
  INSERT INTO outbox (streams, from_seqs, to_seqs)
    VALUES (ARRAY[p_conversation], ARRAY[c.seq], ARRAY[c.seq + CASE c.kind WHEN 2 THEN 1 ELSE 0 END]) RETURNING id INTO owed;
  RETURN QUERY SELECT c.seq, c.user_low, c.user_high, heir, owed, said;
END $f$;

-- Gives a member another role; role 3 hands the group over, and makes the actor an admin. Status ok, unchanged, unknown (no member),
-- forbidden (the actor himself, or one of his role or a higher one), or as conversation_gate.
CREATE FUNCTION group_role(p_conversation bigint, p_actor int, p_user int, p_role int, p_rank int)
RETURNS TABLE (status text, seq int, members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  concerned int[] := ARRAY[p_user] || CASE p_role WHEN 3 THEN ARRAY[p_actor] ELSE '{}' END;
  his int;
  c record;
  owed bigint;
BEGIN
  IF verdict = 'ok' THEN
    SELECT m.role INTO his FROM membership m WHERE m.conversation_id = p_conversation AND m.user_id = p_user AND m.left_seq IS NULL;
    verdict := CASE WHEN his IS NULL THEN 'unknown' WHEN p_user = p_actor OR his = 3 THEN 'forbidden' WHEN his = p_role THEN 'unchanged' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::bigint; RETURN; END IF;

  UPDATE conversation x SET last_seq = x.last_seq + 1, changed_at = clock_timestamp() WHERE x.id = p_conversation
    RETURNING x.last_seq AS seq, x.members_seq INTO c;
  PERFORM membership_lock(p_conversation, concerned);
  UPDATE membership m SET role = CASE m.user_id WHEN p_user THEN p_role ELSE 2 END, changed_seq = c.seq, changed_at = clock_timestamp()
    WHERE m.conversation_id = p_conversation AND m.user_id = ANY (concerned);
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[c.seq], ARRAY[c.seq]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', c.seq, c.members_seq, owed;
END $f$;

-- Changes title or settings of a group; null leaves them. A new title is told by a system message under the next value. Status ok,
-- unchanged, or as conversation_gate.
CREATE FUNCTION group_update(p_conversation bigint, p_actor int, p_title text, p_history smallint, p_rank int)
RETURNS TABLE (status text, seq int, members_seq int, title text, history smallint, outbox_id bigint, message jsonb)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, false);
  old record;
  c record;
  owed bigint;
  said jsonb;
BEGIN
  IF verdict = 'ok' THEN
    SELECT x.title, x.history INTO old FROM conversation x WHERE x.id = p_conversation;
    IF coalesce(p_title, old.title) = old.title AND coalesce(p_history, old.history) = old.history THEN verdict := 'unchanged'; END IF;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::text, NULL::smallint, NULL::bigint, NULL::jsonb; RETURN; END IF;

  UPDATE conversation x SET last_seq = x.last_seq + 1, info_seq = x.last_seq + 1, title = coalesce(p_title, x.title),
    history = coalesce(p_history, x.history), changed_at = clock_timestamp()
    WHERE x.id = p_conversation RETURNING x.last_seq, x.members_seq, x.title::text AS title, x.history INTO c;
  IF c.title <> old.title THEN
    SELECT to_jsonb(s) INTO said FROM system_message(p_conversation, p_actor, 'titled', '{}', c.title) s;
  END IF;
  INSERT INTO outbox (streams, from_seqs, to_seqs)
    VALUES (ARRAY[p_conversation], ARRAY[c.last_seq], ARRAY[c.last_seq + CASE WHEN said IS NULL THEN 0 ELSE 1 END]) RETURNING id INTO owed;
  RETURN QUERY SELECT 'ok', c.last_seq, c.members_seq, c.title, c.history, owed, said;
END $f$;

-- Gives a message of the locked conversation the conversation's next value, and owes its announcement. Answers who is in a direct
-- conversation (who left it hears nothing of it), null of a group.
CREATE FUNCTION message_touch(p_conversation bigint, p_message_seq int)
RETURNS TABLE (seq int, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  c record;
  owed bigint;
BEGIN
  UPDATE conversation x SET last_seq = x.last_seq + 1, changed_at = clock_timestamp() WHERE x.id = p_conversation
    RETURNING x.last_seq, x.kind, x.members_seq INTO c;
  UPDATE message m SET changed_seq = c.last_seq WHERE m.conversation_id = p_conversation AND m.seq = p_message_seq;
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[p_conversation], ARRAY[c.last_seq], ARRAY[c.last_seq]) RETURNING id INTO owed;
  RETURN QUERY SELECT c.last_seq, CASE c.kind WHEN 1 THEN ARRAY(SELECT s.user_id FROM membership s
    WHERE s.conversation_id = p_conversation AND s.left_seq IS NULL ORDER BY s.user_id) END, c.members_seq, owed;
END $f$;

-- The message that a member of the locked conversation may see, as one row or none.
CREATE FUNCTION message_seen(p_conversation bigint, p_actor int, p_message bigint)
RETURNS TABLE (seq int, sender_id int, kind smallint, content text, metadata jsonb, reactions jsonb, pinned boolean, role smallint, direct boolean)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT m.seq, m.sender_id, m.kind, m.content, m.metadata, m.reactions, m.pinned_at IS NOT NULL, s.role, c.kind = 1
    FROM conversation c JOIN membership s ON s.conversation_id = c.id JOIN message m ON m.conversation_id = c.id
    WHERE c.id = p_conversation AND s.user_id = p_actor AND m.id = p_message AND m.seq >= s.visible_from_seq AND m.seq > s.cleared_seq
      AND m.deleted_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > now());
END $f$;

-- Gives a message of the actor's own another text; the old one is kept, the newest p_edits of them. Status ok, unchanged, forbidden (not
-- his, or the server's), bad_mention, or as conversation_gate.
CREATE FUNCTION message_edit(p_conversation bigint, p_actor int, p_message bigint, p_content text, p_mentions int[], p_edits int)
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
  DELETE FROM message_edit e WHERE e.conversation_id = p_conversation AND e.message_seq = m.seq AND e.seq <= (SELECT x.seq FROM message_edit x
    WHERE x.conversation_id = p_conversation AND x.message_seq = m.seq ORDER BY x.seq DESC OFFSET p_edits LIMIT 1);
  UPDATE message x SET content = p_content, metadata = facts, edited_at = moment WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, moment::timestamptz, t.member_ids, t.members_seq, t.outbox_id;
END $f$;

-- Deletes a message, with its earlier texts and its reactions: the actor's own, or in a group one of a lower role's or of who left, for
-- those of p_rank. Status ok, forbidden, or as conversation_gate.
CREATE FUNCTION message_delete(p_conversation bigint, p_actor int, p_message bigint, p_rank int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, 1, true);
  m record;
  t record;
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN m.kind <> 1 THEN 'forbidden' WHEN m.sender_id = p_actor THEN 'ok'
      WHEN m.direct OR m.role < p_rank OR EXISTS (SELECT 1 FROM membership x WHERE x.conversation_id = p_conversation
        AND x.user_id = m.sender_id AND x.left_seq IS NULL AND x.role >= m.role) THEN 'forbidden' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  UPDATE message x SET content = NULL, metadata = NULL, media_id = NULL, reactions = NULL, pinned_at = NULL, deleted_at = clock_timestamp()
    WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  DELETE FROM message_edit e WHERE e.conversation_id = p_conversation AND e.message_seq = m.seq;
  DELETE FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, clock_timestamp(), t.member_ids, t.members_seq, t.outbox_id;
END $f$;

-- Adds a reaction or takes one back. Status ok, unchanged, full (p_kinds different ones are there), or as conversation_gate.
CREATE FUNCTION message_react(p_conversation bigint, p_actor int, p_message bigint, p_emoji text, p_add boolean, p_kinds int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, 1, true);
  m record;
  t record;
  n int;
  has boolean;
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    has := EXISTS (SELECT 1 FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = p_emoji AND r.user_id = p_actor);
    n := coalesce((m.reactions->>p_emoji)::int, 0);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN has = p_add THEN 'unchanged'
      WHEN p_add AND n = 0 AND (SELECT count(*) FROM jsonb_object_keys(coalesce(m.reactions, '{}'))) >= p_kinds THEN 'full' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  IF p_add THEN
    INSERT INTO reaction (conversation_id, message_seq, emoji, user_id) VALUES (p_conversation, m.seq, p_emoji, p_actor);
  ELSE
    DELETE FROM reaction r WHERE r.conversation_id = p_conversation AND r.message_seq = m.seq AND r.emoji = p_emoji AND r.user_id = p_actor;
  END IF;
  n := n + CASE WHEN p_add THEN 1 ELSE -1 END;
  UPDATE message x SET reactions = nullif(CASE n WHEN 0 THEN coalesce(x.reactions, '{}') - p_emoji
    ELSE coalesce(x.reactions, '{}') || jsonb_build_object(p_emoji, n) END, '{}') WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, clock_timestamp(), t.member_ids, t.members_seq, t.outbox_id;
END $f$;

-- Pins a message or takes the pin back: of a direct conversation both may, in a group those of p_rank. Status ok, unchanged, forbidden,
-- full (p_pins are there), or as conversation_gate.
CREATE FUNCTION message_pin(p_conversation bigint, p_actor int, p_message bigint, p_pin boolean, p_rank int, p_pins int)
RETURNS TABLE (status text, seq int, message_seq int, at timestamptz, member_ids int[], members_seq int, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  verdict text := conversation_gate(p_conversation, p_actor, p_rank, true);
  m record;
  t record;
  moment timestamptz(3) := clock_timestamp();
BEGIN
  IF verdict = 'ok' THEN
    SELECT * INTO m FROM message_seen(p_conversation, p_actor, p_message);
    verdict := CASE WHEN m.seq IS NULL THEN 'not_found' WHEN m.pinned = p_pin THEN 'unchanged'
      WHEN p_pin AND (SELECT count(*) FROM message x WHERE x.conversation_id = p_conversation AND x.pinned_at IS NOT NULL) >= p_pins THEN 'full' ELSE 'ok' END;
  END IF;
  IF verdict <> 'ok' THEN RETURN QUERY SELECT verdict, NULL::int, NULL::int, NULL::timestamptz, NULL::int[], NULL::int, NULL::bigint; RETURN; END IF;

  SELECT * INTO t FROM message_touch(p_conversation, m.seq);
  UPDATE message x SET pinned_at = CASE WHEN p_pin THEN moment END WHERE x.conversation_id = p_conversation AND x.seq = m.seq;
  RETURN QUERY SELECT 'ok', t.seq, m.seq, moment::timestamptz, t.member_ids, t.members_seq, t.outbox_id;
END $f$;
