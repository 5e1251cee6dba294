-- What is left out waits for nothing, and is not asked about until it is taken up again; then what
-- it is still synced without is noted anew.
CREATE TRIGGER record_left_out AFTER UPDATE OF state ON record
WHEN NEW.state IN ('refused', 'ineligible') BEGIN
    DELETE FROM awaited WHERE record_id = NEW.id;
END;
CREATE TRIGGER awaited_in_vain BEFORE INSERT ON awaited
WHEN EXISTS
    (SELECT 1 FROM record WHERE id = NEW.record_id AND state IN ('refused', 'ineligible'))
BEGIN
    SELECT RAISE(IGNORE);
END;
DELETE FROM awaited WHERE EXISTS
    (SELECT 1 FROM record WHERE id = awaited.record_id AND state IN ('refused', 'ineligible'));

-- People are related to the opportunity that the record is linked to, and to no other: one that is
-- gone, or another record's by now, is not heard of again.
CREATE TRIGGER record_relinked AFTER UPDATE OF target_id ON record
WHEN OLD.target_id IS NOT NULL AND NEW.target_id IS NOT OLD.target_id BEGIN
    DELETE FROM contacts WHERE record_id = NEW.id AND target_id IS NOT NEW.target_id;
    DELETE FROM awaited WHERE record_id = NEW.id AND kind = 'person';
END;
DELETE FROM contacts WHERE EXISTS
    (SELECT 1 FROM record WHERE id = contacts.record_id AND target_id IS NOT contacts.target_id);
