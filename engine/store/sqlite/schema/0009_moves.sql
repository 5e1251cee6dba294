-- The legal moves, as engine/model/states.py has them: no statement makes another one.
CREATE TABLE move (
    subject TEXT NOT NULL,
    former  TEXT NOT NULL,
    later   TEXT NOT NULL,
    PRIMARY KEY (subject, former, later)
) STRICT, WITHOUT ROWID;
INSERT INTO move (subject, former, later) VALUES
    ('record', 'pending', 'settled'),
    ('record', 'pending', 'refused'),
    ('record', 'pending', 'ineligible'),
    ('record', 'settled', 'pending'),
    ('record', 'settled', 'ineligible'),
    ('record', 'refused', 'pending'),
    ('record', 'refused', 'ineligible'),
    ('record', 'ineligible', 'pending'),
    ('record', 'ineligible', 'refused'),
    ('tab', 'pending', 'settled'),
    ('tab', 'settled', 'pending'),
    ('create', 'none', 'announced'),
    ('create', 'none', 'in_doubt'),
    ('create', 'announced', 'none'),
    ('create', 'announced', 'in_doubt'),
    ('create', 'in_doubt', 'none'),
    ('create', 'in_doubt', 'announced'),
    ('person', 'waiting', 'announced'),
    ('person', 'waiting', 'linked'),
    ('person', 'waiting', 'refused'),
    ('person', 'announced', 'linked'),
    ('person', 'announced', 'in_doubt'),
    ('person', 'announced', 'waiting'),
    ('person', 'announced', 'refused'),
    ('person', 'in_doubt', 'linked'),
    ('person', 'in_doubt', 'waiting'),
    ('person', 'in_doubt', 'refused'),
    ('person', 'in_doubt', 'announced'),
    ('person', 'linked', 'waiting'),
    ('person', 'linked', 'refused'),
    ('person', 'refused', 'waiting'),
    ('person', 'refused', 'linked'),
    ('person', 'refused', 'announced');

CREATE TRIGGER record_moves BEFORE UPDATE OF state ON record
WHEN NEW.state <> OLD.state AND NOT EXISTS
    (SELECT 1 FROM move WHERE subject = 'record' AND former = OLD.state AND later = NEW.state)
BEGIN
    SELECT RAISE(ABORT, 'no such move: a record');
END;

-- Announced again before it was looked for: a second create.
CREATE TRIGGER create_moves BEFORE UPDATE OF sent ON intent
WHEN NEW.sent > OLD.sent AND OLD.doubt_since IS NULL
BEGIN
    SELECT RAISE(ABORT, 'no such move: a create');
END;
CREATE TRIGGER person_create_moves BEFORE UPDATE OF sent ON person
WHEN NEW.sent > OLD.sent AND OLD.sending = 1
BEGIN
    SELECT RAISE(ABORT, 'no such move: a person');
END;
CREATE TRIGGER person_moves
BEFORE UPDATE OF prospect_id, refused_version, sending, doubt_since ON person
WHEN NOT EXISTS
    (SELECT 1 FROM (SELECT
        CASE WHEN OLD.doubt_since IS NOT NULL THEN 'in_doubt' WHEN OLD.sending THEN 'announced'
        WHEN OLD.refused_version IS NOT NULL THEN 'refused'
        WHEN OLD.prospect_id IS NOT NULL THEN 'linked' ELSE 'waiting' END AS was,
        CASE WHEN NEW.doubt_since IS NOT NULL THEN 'in_doubt' WHEN NEW.sending THEN 'announced'
        WHEN NEW.refused_version IS NOT NULL THEN 'refused'
        WHEN NEW.prospect_id IS NOT NULL THEN 'linked' ELSE 'waiting' END AS becomes)
    WHERE was = becomes OR EXISTS
        (SELECT 1 FROM move WHERE subject = 'person' AND former = was AND later = becomes))
BEGIN
    SELECT RAISE(ABORT, 'no such move: a person');
END;
