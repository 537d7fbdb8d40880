-- Refuses every UPDATE, DELETE and TRUNCATE of the audit table. The trigger audit_append_only calls it.
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit table is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
