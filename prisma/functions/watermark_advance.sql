-- Moves watermarks of what was delivered and read. They never go down and never above the last seq of the
-- conversation. Receipts of one member are joined: ord is the place of the first of them. Returns no row for a
-- conversation that is absent, not the user's, or across a block. A private reading moves a watermark of its own,
-- which only the member's own position (old_own, new_own) shows, and leaves changed_at as it is. The newly covered
-- messages are those of others: up to 1000 in a direct conversation, the newest in a group, none when told is false.
-- In a group of more than p_members the delivered watermark moves with reading alone, and a delivery locks and stores
-- nothing. Locks memberships ascending, and no conversation.
CREATE OR REPLACE FUNCTION watermark_advance(p_conversation bigint[], p_user int[], p_delivered int[], p_read int[], p_private boolean[], p_members int)
RETURNS TABLE (ord int, old_delivered int, new_delivered int, old_read int, new_read int, user_low int, user_high int,
  delivered_ids bigint[], delivered_seqs int[], delivered_senders int[], read_ids bigint[], read_seqs int[], read_senders int[],
  old_own int, new_own int, own_id bigint, own_seq int, told boolean, members_seq int)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM (SELECT DISTINCT i.conv, i.usr FROM unnest(p_conversation, p_user, p_read) AS i(conv, usr, read)
      CROSS JOIN LATERAL (SELECT x.kind, x.member_count FROM conversation x WHERE x.id = i.conv LIMIT 1) c
      WHERE i.read > 0 OR c.kind = 1 OR c.member_count <= p_members ORDER BY i.conv, i.usr) o
    CROSS JOIN LATERAL (SELECT 1 FROM membership x WHERE x.conversation_id = o.conv AND x.user_id = o.usr LIMIT 1 FOR NO KEY UPDATE) m;
  RETURN QUERY WITH input AS MATERIALIZED (
    SELECT min(i.ord)::int AS ord, i.conv, i.usr, max(greatest(i.delivered, CASE WHEN i.private THEN 0 ELSE i.read END, 0)) AS delivered,
      max(CASE WHEN i.private THEN 0 ELSE greatest(i.read, 0) END) AS read, max(CASE WHEN i.private THEN greatest(i.read, 0) ELSE 0 END) AS private
    FROM unnest(p_conversation, p_user, p_delivered, p_read, p_private) WITH ORDINALITY AS i(conv, usr, delivered, read, private, ord) GROUP BY i.conv, i.usr),
  target AS MATERIALIZED (
    SELECT i.ord, i.conv, i.usr, m.delivered_seq AS od, m.read_seq AS old_r, m.private_read_seq AS old_p, m.visible_from_seq AS floor, c.user_low, c.user_high,
      greatest(m.delivered_seq, least(CASE WHEN c.kind = 1 OR c.member_count <= p_members THEN i.delivered ELSE i.read END, c.last_seq)) AS nd, greatest(m.read_seq, least(i.read, c.last_seq)) AS nr,
      greatest(m.private_read_seq, least(i.private, c.last_seq)) AS np, c.kind,
      CASE c.kind WHEN 1 THEN c.member_count = 2 ELSE c.member_count <= p_members END AS told, c.members_seq
    FROM input i
    CROSS JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = i.conv AND x.user_id = i.usr AND x.left_seq IS NULL LIMIT 1) m
    CROSS JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = i.conv LIMIT 1) c
    LEFT JOIN LATERAL (SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_low AND x.blocked_id = c.user_high
      UNION ALL SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_high AND x.blocked_id = c.user_low LIMIT 1) b ON true
    WHERE c.kind <> 1 OR b.blocker_id IS NULL),
  moved AS (
    UPDATE membership m SET delivered_seq = greatest(m.delivered_seq, t.nd), read_seq = greatest(m.read_seq, t.nr), private_read_seq = greatest(m.private_read_seq, t.np),
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
