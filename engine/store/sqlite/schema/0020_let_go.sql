-- The run by which a record or tab goes on past the fuse: an approval, or a plan that is applied.
-- What a plan let go counts for the process that applies it alone.
ALTER TABLE record ADD COLUMN let_go INTEGER;
ALTER TABLE contacts ADD COLUMN let_go INTEGER;

CREATE TRIGGER record_has_gone_on AFTER UPDATE OF mass ON record
WHEN NEW.mass <> 3 AND NEW.let_go IS NOT NULL BEGIN
    UPDATE record SET let_go = NULL WHERE id = NEW.id;
END;
CREATE TRIGGER contacts_have_gone_on AFTER UPDATE OF mass ON contacts
WHEN NEW.mass <> 3 AND NEW.let_go IS NOT NULL BEGIN
    UPDATE contacts SET let_go = NULL WHERE record_id = NEW.record_id;
END;
