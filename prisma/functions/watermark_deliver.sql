-- Moves delivered watermarks of many members by one UPDATE. Report n says up to which seq messages reached members of
-- a conversation. Those members are p_user[p_first[n]] to p_user[p_last[n]]. Returns what to announce. In a direct
-- conversation that is one row for each user, with the newest 1,000 messages of the other person that newly reached
-- them. In a group it is one row for each newest message, with the members whom it newly reached. Skips members who
-- received as much before or have left, people across a block, and groups of more than p_members. Takes no lock before
-- the UPDATE, which writes rows in the order in which other statements lock them. A row that changed since it was read
-- is not written, and its member is returned with ids null: report them again.
CREATE OR REPLACE FUNCTION watermark_deliver(p_conversation bigint[], p_seq int[], p_first int[], p_last int[], p_user int[], p_members int)
RETURNS TABLE (conversation_id bigint, user_ids int[], peer_id int, seq int, members_seq int, ids bigint[], seqs int[], senders int[])
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH target AS MATERIALIZED (   -- no step joins many with many: the planner knows of none how many there are
    SELECT c.id AS conv, u.usr, m.tid, least(r.seq, c.last_seq) AS seq, m.delivered_seq AS old, m.visible_from_seq AS floor, c.members_seq,
      CASE WHEN c.kind = 1 THEN CASE u.usr WHEN c.user_low THEN c.user_high ELSE c.user_low END END AS peer,
      c.kind = 2 OR c.member_count = 2 AS told, CASE WHEN n.seq >= m.visible_from_seq AND n.sender_id <> u.usr THEN n.id END AS id, n.sender_id
    FROM unnest(p_conversation, p_seq, p_first, p_last) AS r(conv, seq, a, z)
    CROSS JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = r.conv LIMIT 1) c
    LEFT JOIN LATERAL (SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_low AND x.blocked_id = c.user_high
      UNION ALL SELECT x.blocker_id FROM block x WHERE x.blocker_id = c.user_high AND x.blocked_id = c.user_low LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT x.id, x.seq, x.sender_id FROM message x WHERE c.kind = 2 AND x.conversation_id = c.id
      AND x.seq = least(r.seq, c.last_seq) AND x.deleted_at IS NULL LIMIT 1) n ON true   -- what nearly all of a group newly got
    CROSS JOIN LATERAL unnest(p_user[r.a:r.z]) AS u(usr)
    CROSS JOIN LATERAL (SELECT x.ctid AS tid, x.delivered_seq, x.visible_from_seq FROM membership x WHERE x.conversation_id = c.id AND x.user_id = u.usr
      AND x.left_seq IS NULL AND x.delivered_seq < least(r.seq, c.last_seq) LIMIT 1) m
    WHERE CASE c.kind WHEN 1 THEN b.blocker_id IS NULL ELSE c.member_count <= p_members END
    ORDER BY c.id, u.usr),
  moved AS MATERIALIZED (
    UPDATE membership m SET delivered_seq = t.seq, changed_at = clock_timestamp()
    FROM target t WHERE m.ctid = t.tid AND m.delivered_seq = t.old   -- older minors of PostgreSQL do not check ctid again
    RETURNING t.conv, t.usr, t.seq, t.old, t.floor, t.members_seq, t.peer, t.told, t.id, t.sender_id)
  SELECT v.conv, array_agg(v.usr), NULL::int, v.seq, max(v.members_seq), ARRAY[v.id], ARRAY[v.seq], ARRAY[v.sender_id]
  FROM moved v WHERE v.id IS NOT NULL GROUP BY v.conv, v.seq, v.id, v.sender_id
  UNION ALL
  SELECT v.conv, ARRAY[v.usr], v.peer, v.seq, v.members_seq, n.ids, n.seqs, n.senders
  FROM moved v
  CROSS JOIN LATERAL (SELECT array_agg(q.id ORDER BY q.seq) AS ids, array_agg(q.seq ORDER BY q.seq) AS seqs, array_agg(q.sender_id ORDER BY q.seq) AS senders
    FROM (SELECT x.id, x.seq, x.sender_id FROM message x WHERE x.conversation_id = v.conv AND x.seq > v.old AND x.seq <= v.seq
      AND x.seq >= v.floor AND x.sender_id <> v.usr AND x.deleted_at IS NULL ORDER BY x.seq DESC LIMIT CASE WHEN v.peer IS NULL THEN 1 ELSE 1000 END) q) n
  WHERE v.id IS NULL AND v.told AND n.ids IS NOT NULL
  UNION ALL
  SELECT t.conv, array_agg(t.usr), NULL::int, t.seq, 0, NULL, NULL, NULL FROM target t
  WHERE (SELECT count(*) FROM moved) < (SELECT count(*) FROM target)
    AND NOT EXISTS (SELECT 1 FROM moved v WHERE v.conv = t.conv AND v.usr = t.usr AND v.seq >= t.seq) GROUP BY t.conv, t.seq;
END $f$;
