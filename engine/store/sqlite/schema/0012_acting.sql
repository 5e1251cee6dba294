-- Set while our own error flag counts as reset, although the row we know may still show it.
ALTER TABLE record ADD COLUMN lifted INTEGER NOT NULL DEFAULT 0 CHECK (lifted IN (0, 1));
ALTER TABLE person ADD COLUMN lifted INTEGER NOT NULL DEFAULT 0 CHECK (lifted IN (0, 1));
-- Set while the row is to be read anew before anything is decided on it.
ALTER TABLE record ADD COLUMN reread INTEGER NOT NULL DEFAULT 0 CHECK (reread IN (0, 1));

-- A row is read anew for one attempt, and a flag that counts as reset does so until the record is
-- left out again, whichever statement ends it.
CREATE TRIGGER record_attempted AFTER UPDATE OF state ON record
WHEN NEW.state <> 'pending' AND (NEW.lifted OR NEW.reread) BEGIN
    UPDATE record SET reread = 0,
        lifted = CASE WHEN NEW.state = 'settled' THEN lifted ELSE 0 END WHERE id = NEW.id;
END;

-- What an operator has told us to leave alone.
CREATE TABLE skip (
    record_type TEXT NOT NULL CHECK (record_type IN ('opportunity', 'person')),
    record_id   INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    since       REAL NOT NULL,                       -- unix seconds
    PRIMARY KEY (record_type, record_id)
) STRICT, WITHOUT ROWID;
