-- Runs: a stretch of work that can be named, listed and undone.
CREATE TABLE run (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,                          -- see engine/model/run.py
    began_at REAL NOT NULL,                          -- unix seconds
    detail   TEXT NOT NULL
) STRICT;

-- What was written for a decision, each field with what it held before, JSON; and in which run.
ALTER TABLE history ADD COLUMN run INTEGER;
ALTER TABLE history ADD COLUMN writes TEXT;
-- Lines that only tell are bounded for each record, those with writes by age and size.
CREATE INDEX history_bare ON history (record_type, record_id, seq) WHERE writes IS NULL;
CREATE INDEX history_written ON history (at) WHERE writes IS NOT NULL;

-- How much the writes kept come to, bytes with an estimate of what a line takes besides.
CREATE TABLE history_size (bytes INTEGER NOT NULL) STRICT;
INSERT INTO history_size (bytes) VALUES (0);
CREATE TRIGGER history_grows AFTER INSERT ON history WHEN NEW.writes IS NOT NULL BEGIN
    UPDATE history_size SET bytes = bytes + length(CAST(NEW.writes AS BLOB)) + 150;
END;
CREATE TRIGGER history_shrinks AFTER UPDATE OF writes ON history
WHEN OLD.writes IS NOT NULL AND NEW.writes IS NULL BEGIN
    UPDATE history_size SET bytes = bytes - length(CAST(OLD.writes AS BLOB)) - 150;
END;
CREATE TRIGGER history_forgets AFTER DELETE ON history WHEN OLD.writes IS NOT NULL BEGIN
    UPDATE history_size SET bytes = bytes - length(CAST(OLD.writes AS BLOB)) - 150;
END;

-- Edits of the target record that are under way, or were when a process died, JSON.
ALTER TABLE record ADD COLUMN sending TEXT;
-- What a role that we change or remove is to become; NULL for none, or where that was not kept.
ALTER TABLE role_edit ADD COLUMN became TEXT;
ALTER TABLE role_edit ADD COLUMN removes INTEGER NOT NULL DEFAULT 0 CHECK (removes IN (0, 1));

-- What was undone, and is left alone until the record or the mapping changes.
CREATE TABLE undone (
    record_id INTEGER PRIMARY KEY REFERENCES record (id),
    target_id INTEGER NOT NULL,
    version   INTEGER NOT NULL,                      -- of the source record, at that time
    mapping   TEXT NOT NULL,                         -- fingerprint of the one in force then
    fields    TEXT NOT NULL,                         -- names, JSON
    tab       TEXT,                                  -- the tab whose roles were undone, if any were
    run       INTEGER NOT NULL
) STRICT;
