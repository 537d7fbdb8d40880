-- Personal streams: what concerns one person alone, under the values of person.stream_seq. The newest of each person are kept; what
-- lies at or below his floor is not, whether or not its row is gone already.
ALTER TABLE person
  ADD COLUMN stream_floor int NOT NULL DEFAULT 0,
  ADD CONSTRAINT person_stream CHECK (0 <= stream_floor AND stream_floor <= stream_seq),
  ADD COLUMN last_seen_visibility smallint NOT NULL DEFAULT 1,   -- 1 exact, 2 coarse, 3 hidden
  ADD CONSTRAINT person_last_seen_visibility CHECK (last_seen_visibility BETWEEN 1 AND 3);

CREATE TABLE personal_event (
  user_id int NOT NULL,
  seq int NOT NULL,
  kind varchar(64) NOT NULL,                   -- the event's type
  payload jsonb NOT NULL,                      -- the event's own members, as clients get them
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT personal_event_pkey PRIMARY KEY (user_id, seq),
  CONSTRAINT personal_event_bounds CHECK (seq > 0 AND kind <> '' AND octet_length(payload::text) <= 4096),
  CONSTRAINT personal_event_user_id_fkey FOREIGN KEY (user_id) REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE
);

COMMENT ON COLUMN outbox.streams IS 'Each a conversation''s id, or minus a person''s id for his personal stream';

-- Appends events to personal streams, in the order given, and owes their announcement. To be called in the transaction of what the events
-- tell, after conversations were locked and before anything else is: it locks the people, ascending. Keeps the newest p_keep events of
-- each. Answers a row an event, under its place; none for a person who does not exist.
CREATE FUNCTION personal_append(p_user int[], p_kind text[], p_payload jsonb[], p_keep int)
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

-- Sessions are listed by their last use.
CREATE INDEX session_user_id_last_used_at_id_idx ON session (user_id, last_used_at, id);
