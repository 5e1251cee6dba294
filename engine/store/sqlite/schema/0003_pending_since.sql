-- Since when it waits, unix seconds: the source time of the oldest change that is not settled, or
-- our own time where nothing changed in the source and we look again by ourselves.
ALTER TABLE record ADD COLUMN pending_since REAL NOT NULL DEFAULT 0;
UPDATE record SET pending_since = captured_at WHERE state = 'pending';
DROP INDEX record_pending_age;
CREATE INDEX record_pending_since ON record (pending_since) WHERE state = 'pending' AND mass <> 2;
-- What the audit has still to see; without it every look at the metrics would read every record.
CREATE INDEX record_proved ON record (proved_at) WHERE state IN ('pending', 'settled');

ALTER TABLE contacts ADD COLUMN pending_since REAL NOT NULL DEFAULT 0;
UPDATE contacts SET pending_since =
    (SELECT captured_at FROM record WHERE record.id = contacts.record_id) WHERE state = 'pending';
-- Set while it cannot be related and is tried again only seldom: in error rather than late.
ALTER TABLE contacts ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up IN (0, 1));

CREATE INDEX person_doubt ON person (doubt_since) WHERE doubt_since IS NOT NULL;
