-- Appends events to personal streams, in the order given, with one outbox row for all. Call it in the transaction
-- of the change that the events tell, after conversations are locked and before anything else is: it locks users
-- ascending. Keeps the newest p_keep events of each user. Returns one row for each event, by its place; none for a
-- user who does not exist.
CREATE OR REPLACE FUNCTION personal_append(p_user int[], p_kind text[], p_payload jsonb[], p_keep int)
RETURNS TABLE (ord int, seq int, created_at timestamptz, outbox_id bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM person p WHERE p.id = ANY (p_user) ORDER BY p.id FOR NO KEY UPDATE;
  RETURN QUERY WITH input AS MATERIALIZED (
    SELECT i.ord::int AS ord, i.usr, i.kind, i.payload, row_number() OVER (PARTITION BY i.usr ORDER BY i.ord)::int AS n
    FROM unnest(p_user, p_kind, p_payload) WITH ORDINALITY AS i(usr, kind, payload, ord)),
  bumped AS (
    UPDATE person p SET stream_seq = p.stream_seq + c.n, stream_floor = greatest(p.stream_floor, p.stream_seq + c.n - p_keep)
    FROM (SELECT usr, max(n) AS n FROM input GROUP BY usr) c WHERE p.id = c.usr
    RETURNING p.id, p.stream_seq - c.n AS base, p.stream_seq AS head, p.stream_floor AS floor),
  dropped AS (
    DELETE FROM personal_event e USING bumped b WHERE e.user_id = b.id AND e.seq <= b.floor),
  inserted AS (
    INSERT INTO personal_event (user_id, seq, kind, payload)
    SELECT i.usr, b.base + i.n, i.kind, i.payload FROM input i JOIN bumped b ON b.id = i.usr
    RETURNING user_id, seq, created_at),
  owed AS (
    INSERT INTO outbox (streams, from_seqs, to_seqs)
    SELECT array_agg(-b.id::bigint), array_agg(b.base + 1), array_agg(b.head) FROM bumped b HAVING count(*) > 0 RETURNING id)
  SELECT i.ord, n.seq, n.created_at::timestamptz, (SELECT id FROM owed)
  FROM input i JOIN bumped b ON b.id = i.usr JOIN inserted n ON n.user_id = i.usr AND n.seq = b.base + i.n
  ORDER BY i.ord;
END $f$;
