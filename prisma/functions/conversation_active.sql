-- Keeps the time of the last message of a conversation, active_at, whichever release stores it. Changes of other kinds
-- leave it. A row of an earlier release has none until its next change, and takes the time of the last one.
CREATE OR REPLACE FUNCTION conversation_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.active_at := CASE WHEN NEW.message_count > OLD.message_count THEN NEW.changed_at ELSE OLD.changed_at END;
  RETURN NEW;
END $$;
