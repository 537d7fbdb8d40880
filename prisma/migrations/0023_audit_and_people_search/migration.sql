-- Old rows of the audit may go (AUDIT_RETENTION). Rows of the last day stay whatever is asked, and none ever changes.
DROP TRIGGER audit_append_only ON audit;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_keep_young BEFORE DELETE ON audit FOR EACH ROW
  WHEN (OLD.at > clock_timestamp() - interval '1 day') EXECUTE FUNCTION audit_refuse();
