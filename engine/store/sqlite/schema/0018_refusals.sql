-- What each refusal depended on, as JSON, and at which mark of all that concerns many records alike
-- and which revision of its record it was last weighed.
CREATE TABLE refusal (
    record_type TEXT NOT NULL CHECK (record_type IN ('opportunity', 'person')),
    record_id   INTEGER NOT NULL,
    basis       TEXT,
    mark        TEXT,
    revision    INTEGER,
    PRIMARY KEY (record_type, record_id)
) STRICT, WITHOUT ROWID;

-- What nobody is flagged for any more is no refusal, whichever statement ends it.
CREATE TRIGGER record_unflagged AFTER UPDATE OF flagged ON record
WHEN OLD.flagged AND NOT NEW.flagged BEGIN
    DELETE FROM refusal WHERE record_type = 'opportunity' AND record_id = NEW.id;
END;
CREATE TRIGGER person_unflagged AFTER UPDATE OF refused_version ON person
WHEN OLD.refused_version IS NOT NULL AND NEW.refused_version IS NULL BEGIN
    DELETE FROM refusal WHERE record_type = 'person' AND record_id = NEW.id;
END;
