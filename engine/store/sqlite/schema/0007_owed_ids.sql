-- What a record is still owed names the target record that it is linked to, and no former one: that
-- id would be written over the one that somebody has entered since, or the URL of one beside the id
-- of the other.
CREATE TRIGGER record_owed_an_id AFTER UPDATE OF target_id ON record
WHEN NEW.target_id IS NOT OLD.target_id BEGIN
    UPDATE outbox SET target_id = NULL, target_url = NULL, generation = generation + 1
    WHERE record_type = 'opportunity' AND record_id = NEW.id
        AND target_id IS NOT coalesce(CAST(NEW.target_id AS TEXT), '');
    DELETE FROM outbox WHERE record_type = 'opportunity' AND record_id = NEW.id
        AND target_id IS NULL AND target_url IS NULL AND error IS NULL AND message IS NULL;
END;
CREATE TRIGGER person_owed_an_id AFTER UPDATE OF prospect_id ON person
WHEN NEW.prospect_id IS NOT OLD.prospect_id BEGIN
    UPDATE outbox SET target_id = NULL, target_url = NULL, generation = generation + 1
    WHERE record_type = 'person' AND record_id = NEW.id
        AND target_id IS NOT coalesce(CAST(NEW.prospect_id AS TEXT), '');
    DELETE FROM outbox WHERE record_type = 'person' AND record_id = NEW.id
        AND target_id IS NULL AND target_url IS NULL AND error IS NULL AND message IS NULL;
END;
