-- Lists of conversations go by the last message, and changed_at belongs to sync. A row of an earlier release has no
-- active_at until its next change: until then changed_at stands for it. Filling all rows would rewrite the table.
ALTER TABLE conversation ADD COLUMN active_at timestamptz(3);
ALTER TABLE conversation ALTER COLUMN active_at SET DEFAULT clock_timestamp();
CREATE FUNCTION conversation_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.active_at := CASE WHEN NEW.message_count > OLD.message_count THEN NEW.changed_at ELSE OLD.changed_at END;
  RETURN NEW;
END $$;
CREATE TRIGGER conversation_active BEFORE UPDATE ON conversation FOR EACH ROW
  WHEN ((NEW.message_count > OLD.message_count OR OLD.active_at IS NULL)
    AND current_setting('rendezvous.active_at', true) IS DISTINCT FROM 'given')   -- an import has messages of earlier times
  EXECUTE FUNCTION conversation_active();

-- The functions of this release:
-- functions: d666c94a14e352402b1ff8f0cbf2333e68db0554efbffbfd71e7a5342f781a20
