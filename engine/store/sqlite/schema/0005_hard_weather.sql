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

-- Whose a target record is: one record's at most, and decided before anything is sent to it.
CREATE TABLE claim (
    target_id INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL REFERENCES record (id),
    since     REAL NOT NULL                          -- unix seconds
) STRICT;
CREATE INDEX claim_record ON claim (record_id);
-- Of a pair that was linked to one, the record keeps it that made it, else that was linked first.
INSERT INTO claim (target_id, record_id, since)
SELECT target_id, id, captured_at FROM (
    SELECT r.target_id, r.id, r.captured_at, row_number() OVER (
        PARTITION BY r.target_id
        ORDER BY r.state = 'ineligible',
            NOT EXISTS (SELECT 1 FROM history h WHERE h.record_type = 'opportunity'
                AND h.record_id = r.id AND h.decision = 'created'
                AND h.detail LIKE 'id ' || r.target_id || ',%'),
            (SELECT coalesce(min(h.seq), 9223372036854775807) FROM history h
                WHERE h.record_type = 'opportunity' AND h.record_id = r.id
                AND h.detail LIKE 'id ' || r.target_id || ',%'),
            r.id
    ) AS place
    FROM record r WHERE r.target_id IS NOT NULL
) WHERE place = 1;
-- The target id that the payload carries; NULL for none, or for what is no id.
ALTER TABLE record ADD COLUMN carried INTEGER;
UPDATE record SET carried = target_id WHERE linked = 1 OR NOT EXISTS
    (SELECT 1 FROM claim c WHERE c.target_id = record.target_id AND c.record_id = record.id);
CREATE INDEX record_carried ON record (carried) WHERE carried IS NOT NULL;
-- The others are looked at again, and refused with the reason.
UPDATE record SET target_id = NULL, synced = NULL, revision = revision + 1, mass = 0, due_at = 0,
    pending_since = CASE WHEN state = 'settled' THEN captured_at ELSE pending_since END,
    state = CASE WHEN state = 'settled' THEN 'pending' ELSE state END
WHERE target_id IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM claim c WHERE c.target_id = record.target_id AND c.record_id = record.id);
DELETE FROM contacts WHERE EXISTS
    (SELECT 1 FROM claim c WHERE c.target_id = contacts.target_id
        AND c.record_id <> contacts.record_id);
UPDATE outbox SET target_id = NULL, target_url = NULL, generation = generation + 1
WHERE record_type = 'opportunity' AND EXISTS
    (SELECT 1 FROM claim c WHERE c.target_id = CAST(outbox.target_id AS INTEGER)
        AND c.record_id <> outbox.record_id);
DROP INDEX record_linked;
CREATE UNIQUE INDEX record_linked ON record (target_id) WHERE target_id IS NOT NULL;

-- How often the record of a delivery was looked for in vain since it was last shown.
ALTER TABLE outbox ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;

-- How far the clocks of the source's servers were seen to differ, seconds: so much more is read again.
ALTER TABLE watermark ADD COLUMN skew_s REAL NOT NULL DEFAULT 0;

-- Failures of the present series in a row, whoever is at fault; `attempts` are those that count.
ALTER TABLE record ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- How often creates of roles were sent since the roles last agreed with the tab.
ALTER TABLE contacts ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;

-- Creates of a person's prospect sent in the present series, when the last of them failed, and when
-- the next one is due.
ALTER TABLE person ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN failed_at REAL;
ALTER TABLE person ADD COLUMN retry_at REAL NOT NULL DEFAULT 0;
-- Set while the target calls the address taken and shows nobody who has it; looked for last then.
ALTER TABLE person ADD COLUMN taken_at REAL;
-- Since when the target calls a role taken that no listing shows.
ALTER TABLE contacts ADD COLUMN taken_since REAL;

-- Roles that we have changed or removed lately, answered or not: a listing may show them as before.
CREATE TABLE role_edit (
    role_id   INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL,
    sent_at   REAL NOT NULL                          -- unix seconds
) STRICT;
CREATE INDEX role_edit_target ON role_edit (target_id);
CREATE INDEX role_edit_sent ON role_edit (sent_at);
-- Also what a reference from another table makes SQLite look for.
CREATE INDEX role_record ON role (record_id);
-- Set once the record was seen without a target id: an id that turns up later is somebody's.
ALTER TABLE record ADD COLUMN seen_unlinked INTEGER NOT NULL DEFAULT 0
    CHECK (seen_unlinked IN (0, 1));


-- When the version we know became known, unix seconds; whether updated_at is that of this very
-- version; and since when the source shows a lower one.
ALTER TABLE record ADD COLUMN known_at REAL NOT NULL DEFAULT 0;
ALTER TABLE record ADD COLUMN timed INTEGER NOT NULL DEFAULT 0 CHECK (timed IN (0, 1));
ALTER TABLE record ADD COLUMN lower_at REAL;

-- When a create in doubt is looked for next, unix seconds, so that one look serves many.
ALTER TABLE intent ADD COLUMN look_at REAL;
UPDATE intent SET look_at = doubt_since WHERE doubt_since IS NOT NULL;
CREATE INDEX intent_look ON intent (look_at) WHERE look_at IS NOT NULL;

-- People who would be created, linked or flagged for what the fuse holds of a tab, their ids as JSON.
ALTER TABLE contacts ADD COLUMN held_people TEXT NOT NULL DEFAULT '[]';

-- Users and stages as the target showed them; one that a listing lacks counts until a later one does.
CREATE TABLE listed (
    kind          TEXT NOT NULL,
    id            INTEGER NOT NULL,
    entry         TEXT NOT NULL,                     -- JSON
    missing_since REAL,                              -- listings lack it since then, unix seconds
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- What nothing holds any more is due, whichever statement lets it go.
CREATE TRIGGER record_let_go AFTER UPDATE OF mass, due_at ON record
WHEN NEW.mass NOT IN (1, 2) AND NEW.due_at >= 99999999999.0 BEGIN
    UPDATE record SET due_at = 0 WHERE id = NEW.id;
END;
CREATE TRIGGER contacts_let_go AFTER UPDATE OF mass, due_at ON contacts
WHEN NEW.mass NOT IN (1, 2) AND NEW.due_at >= 99999999999.0 BEGIN
    UPDATE contacts SET due_at = 0 WHERE record_id = NEW.record_id;
END;
