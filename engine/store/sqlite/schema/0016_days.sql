-- The settings as the service last ran with them, and what changed since it runs; no secret.
CREATE TABLE setting_seen (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL                              -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE setting_change (
    at     REAL NOT NULL,                            -- unix seconds
    key    TEXT NOT NULL,
    former TEXT,                                     -- NULL where it was not there
    later  TEXT
) STRICT;
CREATE INDEX setting_change_at ON setting_change (at);

-- Of each day the record that took longest, from its change to the target's answer.
CREATE TABLE slowest (
    day      INTEGER PRIMARY KEY,                    -- days since 1970
    ref      TEXT NOT NULL,
    decision TEXT NOT NULL,
    at       INTEGER NOT NULL,                       -- unix seconds
    took_s   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER history_slowest AFTER INSERT ON history
WHEN NEW.record_type = 'opportunity' AND NEW.decision IN ('created', 'updated', 'adopted')
BEGIN
    INSERT INTO slowest (day, ref, decision, at, took_s)
    SELECT CAST(NEW.at / 86400 AS INTEGER), ref, NEW.decision, CAST(NEW.at AS INTEGER),
        CAST(NEW.at - pending_since AS INTEGER)
    FROM record WHERE id = NEW.record_id AND pending_since > 0 AND pending_since <= NEW.at
    ON CONFLICT (day) DO UPDATE SET ref = excluded.ref, decision = excluded.decision,
        at = excluded.at, took_s = excluded.took_s WHERE excluded.took_s > took_s;
    DELETE FROM slowest WHERE day < CAST(NEW.at / 86400 AS INTEGER) - 400;
END;
