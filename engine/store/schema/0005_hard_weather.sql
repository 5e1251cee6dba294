-- Facts that keep promises when systems, machines and clocks misbehave.

-- The opportunity a role is on: what is known of it belongs there, whichever record is linked to it.
ALTER TABLE role ADD COLUMN target_id INTEGER NOT NULL DEFAULT 0;
UPDATE role SET target_id = coalesce(
    (SELECT target_id FROM contacts WHERE contacts.record_id = role.record_id), 0);
DROP INDEX role_record;
CREATE INDEX role_target ON role (target_id);

-- Who is on which People tab, kept by the table itself: whoever asks for one person's opportunities
-- reads those and not every record.
CREATE TABLE tab_person (
    person_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL REFERENCES record (id),
    PRIMARY KEY (person_id, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tab_person_record ON tab_person (record_id);

CREATE TRIGGER record_entered AFTER INSERT ON record WHEN json_valid(NEW.tab) BEGIN
    INSERT INTO tab_person (person_id, record_id)
    SELECT DISTINCT json_extract(line.value, '$[0]'), NEW.id FROM json_each(NEW.tab) AS line
    WHERE typeof(json_extract(line.value, '$[0]')) = 'integer';
END;
CREATE TRIGGER record_tab_changed AFTER UPDATE OF tab ON record WHEN NEW.tab IS NOT OLD.tab BEGIN
    DELETE FROM tab_person WHERE record_id = NEW.id;
    INSERT INTO tab_person (person_id, record_id)
    SELECT DISTINCT json_extract(line.value, '$[0]'), NEW.id FROM json_each(NEW.tab) AS line
    WHERE json_valid(NEW.tab) AND typeof(json_extract(line.value, '$[0]')) = 'integer';
END;
CREATE TRIGGER record_removed BEFORE DELETE ON record BEGIN
    DELETE FROM tab_person WHERE record_id = OLD.id;
END;

INSERT INTO tab_person (person_id, record_id)
SELECT DISTINCT json_extract(line.value, '$[0]'), record.id FROM record, json_each(record.tab) AS line
WHERE json_valid(record.tab) AND typeof(json_extract(line.value, '$[0]')) = 'integer';

-- What is asked for often, or inside the writer's transaction, is found and not searched for.
CREATE INDEX person_ref ON person (ref);
CREATE INDEX person_sending ON person (id) WHERE sending = 1;
CREATE INDEX contacts_sending ON contacts (record_id) WHERE sending = 1;
CREATE INDEX intent_doubt ON intent (doubt_since);
CREATE INDEX record_pending_reason ON record (reason_class)
    WHERE state = 'pending' AND reason_class IS NOT NULL;
