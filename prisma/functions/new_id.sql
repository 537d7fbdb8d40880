-- Returns a new id of a conversation or message: milliseconds since 2024, shifted left by 12 bits, plus a cycling
-- counter. Ids grow with time and stay below 2^53 until the year 2093. It is the default of conversation.id.
CREATE OR REPLACE FUNCTION new_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT ((extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1704067200000) << 12 | nextval('tick')
$$;
