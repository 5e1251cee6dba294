-- One journal of creates: those of opportunities, of roles and of prospects.
DROP TRIGGER create_moves;
DROP TRIGGER person_create_moves;
DROP TRIGGER person_moves;
DROP INDEX intent_doubt;
DROP INDEX intent_look;
DROP INDEX contacts_sending;
DROP INDEX person_sending;
DROP INDEX person_doubt;

-- What was, or is about to be, created. While it is open its result is not known.
CREATE TABLE every_intent (
    kind        TEXT NOT NULL CHECK (kind IN ('opportunity', 'role', 'prospect')),
    record_id   INTEGER NOT NULL,                    -- the opportunity, or the person
    correlation TEXT NOT NULL,                       -- what it is looked for by
    opened_at   REAL NOT NULL,                       -- announced, unix seconds
    open        INTEGER NOT NULL DEFAULT 1 CHECK (open IN (0, 1)),
    doubt_since REAL,                                -- set once the answer is known to be lost
    checks      INTEGER NOT NULL DEFAULT 0,          -- how often it was looked for
    sent        INTEGER NOT NULL DEFAULT 1,          -- how often in a row, to no avail so far
    look_at     REAL,                                -- looked for from then on, unix seconds
    PRIMARY KEY (kind, record_id),
    CHECK (open OR doubt_since IS NULL)
) STRICT, WITHOUT ROWID;

INSERT INTO every_intent (kind, record_id, correlation, opened_at, doubt_since, checks, sent, look_at)
SELECT 'opportunity', record_id, correlation, opened_at, doubt_since, checks, sent, look_at
FROM intent;
INSERT INTO every_intent (kind, record_id, correlation, opened_at, open, doubt_since, checks, sent,
                          look_at)
SELECT 'role', record_id, announced, coalesce(announced_at, doubt_since, 0),
    sending = 1 OR doubt_since IS NOT NULL, doubt_since, checks, sent,
    CASE WHEN doubt_since IS NOT NULL THEN due_at END
FROM contacts WHERE sending = 1 OR doubt_since IS NOT NULL OR sent > 0;
INSERT INTO every_intent (kind, record_id, correlation, opened_at, open, doubt_since, sent, look_at)
SELECT 'prospect', id, coalesce(email, ''), read_at, sending = 1 OR doubt_since IS NOT NULL,
    doubt_since, sent, doubt_since
FROM person WHERE sending = 1 OR doubt_since IS NOT NULL OR (sent > 0 AND prospect_id IS NULL);

DROP TABLE intent;
ALTER TABLE every_intent RENAME TO intent;
CREATE INDEX intent_doubt ON intent (kind, doubt_since) WHERE doubt_since IS NOT NULL;
CREATE INDEX intent_announced ON intent (kind) WHERE open AND doubt_since IS NULL;
CREATE INDEX intent_look ON intent (kind, look_at) WHERE look_at IS NOT NULL;

ALTER TABLE contacts DROP COLUMN announced;
ALTER TABLE contacts DROP COLUMN announced_at;
ALTER TABLE contacts DROP COLUMN sending;
ALTER TABLE contacts DROP COLUMN doubt_since;
ALTER TABLE contacts DROP COLUMN checks;
ALTER TABLE contacts DROP COLUMN sent;
ALTER TABLE person DROP COLUMN doubt_since;
ALTER TABLE person DROP COLUMN sending;
ALTER TABLE person DROP COLUMN sent;

-- What belongs to a tab that is followed no more, or to a record that is no more, goes with it.
CREATE TRIGGER contacts_removed AFTER DELETE ON contacts BEGIN
    DELETE FROM intent WHERE kind = 'role' AND record_id = OLD.record_id;
END;
CREATE TRIGGER record_intent_removed BEFORE DELETE ON record BEGIN
    DELETE FROM intent WHERE kind = 'opportunity' AND record_id = OLD.id;
END;
-- A person who is linked is not created, whichever statement links it or announces that.
CREATE TRIGGER person_linked AFTER UPDATE OF prospect_id ON person
WHEN NEW.prospect_id IS NOT NULL BEGIN
    DELETE FROM intent WHERE kind = 'prospect' AND record_id = NEW.id;
END;
CREATE TRIGGER create_of_linked BEFORE INSERT ON intent
WHEN NEW.kind = 'prospect' AND NEW.open
    AND EXISTS (SELECT 1 FROM person WHERE id = NEW.record_id AND prospect_id IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'no such move: a person');
END;
-- Announced again before it was looked for: a second create.
CREATE TRIGGER create_moves BEFORE UPDATE OF sent ON intent
WHEN NEW.sent > OLD.sent AND OLD.open AND OLD.doubt_since IS NULL
BEGIN
    SELECT RAISE(ABORT, 'no such move: a create');
END;

-- A person is created in the journal; of itself it waits, is linked, or is refused.
DELETE FROM move WHERE subject = 'person'
    AND (former IN ('announced', 'in_doubt') OR later IN ('announced', 'in_doubt'));
