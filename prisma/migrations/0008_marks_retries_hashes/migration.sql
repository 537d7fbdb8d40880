-- Private reading that nobody notices, groups that are made once, and more of the password hashes that Django made.

-- Sync finds a conversation by what changed in it, the memberships of others included. When somebody read in private therefore stands apart,
-- where only his own sync looks.
ALTER TABLE membership ADD COLUMN private_read_at timestamptz(3);

-- As before, but that a private reading leaves changed_at alone.
CREATE OR REPLACE FUNCTION receipt_advance(p_conversation bigint[], p_user int[], p_delivered int[], p_read int[], p_private boolean[])
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
    UPDATE membership m SET delivered_seq = t.nd, read_seq = t.nr, private_read_seq = t.np,
      changed_at = CASE WHEN t.nd > t.od OR t.nr > t.old_r THEN clock_timestamp() ELSE m.changed_at END,
      private_read_at = CASE WHEN t.np > t.old_p THEN clock_timestamp() ELSE m.private_read_at END
    FROM target t
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

ALTER TABLE conversation ADD COLUMN client_id uuid;   -- of a group, unique for who made it
CREATE UNIQUE INDEX conversation_created_by_client_id_idx ON conversation (created_by, client_id) WHERE client_id IS NOT NULL;

DROP FUNCTION group_create(int, int[], text, smallint, int);
-- Makes a group of its owner and others. Takes seq 1. Status ok, or unknown with those who cannot be brought in; where he made one under p_client
-- before, duplicate, or conflict when that one was another. What has changed since by other ways counts as the same. Of two at once the second fails
-- by the index, and finds the first when it is done again.
CREATE FUNCTION group_create(p_owner int, p_members int[], p_title text, p_history smallint, p_rooms int, p_client uuid DEFAULT NULL)
RETURNS TABLE (status text, id bigint, created_at timestamptz, user_ids int[], outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
  everybody int[] := ARRAY(SELECT DISTINCT o.id FROM unnest(p_members || p_owner) AS o(id) ORDER BY o.id);
  refused int[];
  old record;
  is_same boolean;
  made record;
  owed bigint;
BEGIN
  SELECT x.id, x.created_at, x.title, x.history, x.info_seq, x.members_seq INTO old FROM conversation x WHERE x.created_by = p_owner AND x.client_id = p_client;
  IF FOUND THEN
    is_same := (old.info_seq > 1 OR old.title = p_title AND old.history = p_history) AND (old.members_seq > 1
      OR everybody = ARRAY(SELECT m.user_id FROM membership m WHERE m.conversation_id = old.id ORDER BY m.user_id));
    RETURN QUERY SELECT CASE WHEN is_same THEN 'duplicate' ELSE 'conflict' END, old.id, old.created_at::timestamptz, NULL::int[], NULL::bigint;
    RETURN;
  END IF;
  refused := refused_members(p_owner, everybody, p_rooms);
  IF cardinality(refused) > 0 THEN RETURN QUERY SELECT 'unknown', NULL::bigint, NULL::timestamptz, refused, NULL::bigint; RETURN; END IF;
  INSERT INTO conversation AS c (kind, title, created_by, history, last_seq, members_seq, info_seq, member_count, client_id)
    VALUES (2, p_title, p_owner, p_history, 1, 1, 1, cardinality(everybody), p_client) RETURNING c.id, c.created_at INTO made;
  INSERT INTO membership (conversation_id, user_id, role, changed_seq, joined_seq, visible_from_seq)
    SELECT made.id, o.id, CASE o.id WHEN p_owner THEN 3 ELSE 1 END, 1, 1, 1 FROM unnest(everybody) AS o(id);
  INSERT INTO outbox (streams, from_seqs, to_seqs) VALUES (ARRAY[made.id], ARRAY[1], ARRAY[1]) RETURNING outbox.id INTO owed;
  RETURN QUERY SELECT 'ok', made.id, made.created_at, everybody, owed;
END $f$;

-- Of PBKDF2 with SHA-1, and of scrypt, whose cost stands around its salt, too. person_old_hash_idx stays for nodes of before.
CREATE INDEX person_old_hashes_idx
  ON person (coalesce(
    substring(password_hash FROM '^(?:pbkdf2_sha(?:1|256)[$][0-9]+|argon2[$]argon2id[$]v=19[$][a-z0-9=,]+)'),
    substring(password_hash FROM '^scrypt[$][0-9]+[$]') || substring(password_hash FROM '[$][0-9]+[$][0-9]+(?=[$][^$]+$)')))
  WHERE password_hash LIKE 'pbkdf2%' OR password_hash LIKE 'argon2%' OR password_hash LIKE 'scrypt%';
