-- Records that the source shows no more, kept by the tables themselves: whoever leaves one out for
-- that says so in its history, and whoever takes one up again changes its state.
CREATE TABLE vanished (
    record_id   INTEGER PRIMARY KEY REFERENCES record (id),
    since       REAL NOT NULL,                       -- unix seconds
    reason      TEXT NOT NULL,
    reason_code TEXT NOT NULL
) STRICT;

CREATE TRIGGER record_vanished AFTER INSERT ON history
WHEN NEW.record_type = 'opportunity' AND NEW.decision = 'left out' AND NEW.reason_code IN
    ('record-hidden', 'record-deleted', 'record-not-listed', 'hidden-meanwhile')
BEGIN
    INSERT INTO vanished (record_id, since, reason, reason_code)
    SELECT NEW.record_id, NEW.at, NEW.detail, NEW.reason_code
    WHERE EXISTS (SELECT 1 FROM record WHERE id = NEW.record_id)
    ON CONFLICT (record_id) DO NOTHING;
END;
CREATE TRIGGER record_shown_again AFTER UPDATE OF state ON record
WHEN OLD.state = 'ineligible' AND NEW.state <> 'ineligible'
BEGIN
    DELETE FROM vanished WHERE record_id = NEW.id;
END;
-- Unticked by somebody, it is known again what it is.
CREATE TRIGGER record_captured_again AFTER UPDATE OF captured_at ON record
WHEN NEW.captured_at > OLD.captured_at
BEGIN
    DELETE FROM vanished WHERE record_id = NEW.id;
END;
CREATE TRIGGER vanished_removed BEFORE DELETE ON record
BEGIN
    DELETE FROM vanished WHERE record_id = OLD.id;
END;

-- Those of before.
INSERT INTO vanished (record_id, since, reason, reason_code)
SELECT r.id, h.at, h.detail, h.reason_code FROM record r JOIN history h ON h.seq = (
    SELECT max(seq) FROM history WHERE record_type = 'opportunity' AND record_id = r.id)
WHERE r.state = 'ineligible' AND h.decision = 'left out' AND h.reason_code IN
    ('record-hidden', 'record-deleted', 'record-not-listed', 'hidden-meanwhile');

-- Lines that the target refuses are found and not searched for.
CREATE INDEX contacts_given_up ON contacts (failed_at) WHERE state = 'pending' AND given_up = 1;
