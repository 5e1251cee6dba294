-- Fields of a target record that were left blank although the source names something, and why.
CREATE TABLE left_blank (
    record_id   INTEGER NOT NULL REFERENCES record (id),
    field       TEXT NOT NULL,
    since       REAL NOT NULL,                       -- for this reason, unix seconds
    reason      TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    PRIMARY KEY (record_id, field)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER left_blank_removed BEFORE DELETE ON record
BEGIN
    DELETE FROM left_blank WHERE record_id = OLD.id;
END;
