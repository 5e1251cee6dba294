-- The People tab as last captured, in one canonical spelling; NULL while it was never seen whole.
ALTER TABLE record ADD COLUMN tab TEXT;
-- When the source last showed the version we know, unix seconds.
ALTER TABLE record ADD COLUMN proved_at REAL NOT NULL DEFAULT 0;
-- What the record is to the mass-change fuse: 0 nothing, 1 to be evaluated, 2 held, 3 approved.
ALTER TABLE record ADD COLUMN mass INTEGER NOT NULL DEFAULT 0 CHECK (mass BETWEEN 0 AND 3);
CREATE INDEX record_mass ON record (mass) WHERE mass > 0;

-- Relating people: one row per linked opportunity, with what is known of its roles in the target.
CREATE TABLE contacts (
    record_id    INTEGER PRIMARY KEY REFERENCES record (id),
    state        TEXT NOT NULL CHECK (state IN ('pending', 'settled')),
    revision     INTEGER NOT NULL DEFAULT 1,         -- moves with every reason to look again
    lane         INTEGER NOT NULL CHECK (lane IN (0, 1)),
    due_at       REAL NOT NULL,                      -- not before, unix seconds
    target_id    INTEGER NOT NULL,                   -- the opportunity the roles are on
    listed       INTEGER NOT NULL CHECK (listed IN (0, 1)), -- table role has all that are there
    settled_tab  TEXT,                               -- the tab the target agrees with
    announced    TEXT NOT NULL DEFAULT '[]',         -- creates whose answers are not kept, JSON
    announced_at REAL,
    sending      INTEGER NOT NULL DEFAULT 0 CHECK (sending IN (0, 1)), -- creates are under way
    doubt_since  REAL,                               -- set once an answer is known to be lost
    checks       INTEGER NOT NULL DEFAULT 0,
    mass         INTEGER NOT NULL DEFAULT 0 CHECK (mass BETWEEN 0 AND 3), -- as in record
    attempts     INTEGER NOT NULL DEFAULT 0,
    failed_at    REAL,
    reason       TEXT,
    reason_class TEXT
) STRICT;

CREATE INDEX contacts_mass ON contacts (mass) WHERE mass > 0;
CREATE INDEX contacts_due ON contacts (lane, due_at, record_id) WHERE state = 'pending';

-- Roles in the target that stand for lines of a People tab.
CREATE TABLE role (
    id          INTEGER PRIMARY KEY,                 -- the target's id
    record_id   INTEGER NOT NULL REFERENCES record (id),
    prospect_id INTEGER NOT NULL,
    role        TEXT NOT NULL,
    made        INTEGER NOT NULL CHECK (made IN (0, 1)), -- created by us: ours to change and remove
    seen_at     REAL NOT NULL                        -- created or last seen, unix seconds
) STRICT;

CREATE INDEX role_record ON role (record_id);

-- People who are, or were to be, prospects.
CREATE TABLE person (
    id                INTEGER PRIMARY KEY,
    ref               TEXT NOT NULL,
    version           INTEGER NOT NULL,
    read_at           REAL NOT NULL,                 -- when the source was asked, unix seconds
    email             TEXT,
    prospect_id       INTEGER,
    delivered_id      TEXT,
    delivered_version INTEGER,
    refused_version   INTEGER,                       -- the version the target refused
    doubt_since       REAL,                          -- a create's answer is lost since then
    sending           INTEGER NOT NULL DEFAULT 0 CHECK (sending IN (0, 1)),
    reason            TEXT,                          -- why there is no prospect
    reason_class      TEXT,
    reason_field      TEXT
) STRICT;

CREATE INDEX person_email ON person (email) WHERE prospect_id IS NOT NULL;
CREATE INDEX person_refused ON person (id) WHERE refused_version IS NOT NULL;

-- What a source record is owed, of whatever type it is.
CREATE TABLE owed (
    record_type TEXT NOT NULL CHECK (record_type IN ('opportunity', 'person')),
    record_id   INTEGER NOT NULL,
    generation  INTEGER NOT NULL DEFAULT 1,
    target_id   TEXT,
    target_url  TEXT,
    error       INTEGER CHECK (error IN (0, 1)),
    message     TEXT,
    changed_at  INTEGER NOT NULL,
    due_at      REAL NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    PRIMARY KEY (record_type, record_id)
) STRICT;

INSERT INTO owed (record_type, record_id, generation, target_id, target_url, error, message,
                  changed_at, due_at, attempts, reason)
SELECT 'opportunity', record_id, generation, target_id, target_url, error, message,
       changed_at, due_at, attempts, reason FROM outbox;

DROP TABLE outbox;
ALTER TABLE owed RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_at, record_id);

ALTER TABLE history ADD COLUMN record_type TEXT NOT NULL DEFAULT 'opportunity';
DROP INDEX history_record;
CREATE INDEX history_record ON history (record_type, record_id, seq);

-- How often a create was sent under one announcement: a second time only after it was looked for.
ALTER TABLE intent ADD COLUMN sent INTEGER NOT NULL DEFAULT 1;

-- What is in the target already was captured without its tab: read it anew, behind fresh edits.
INSERT OR REPLACE INTO setting (name, value)
SELECT 'mapping_cursor', '0' WHERE EXISTS (SELECT 1 FROM record WHERE target_id IS NOT NULL);
