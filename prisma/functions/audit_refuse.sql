-- Refuses a change of the audit table: of the trigger audit_append_only every UPDATE and TRUNCATE, of audit_keep_young the
-- DELETE of rows of the last day.
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit table is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
