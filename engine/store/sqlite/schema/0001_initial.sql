-- One fact of the pair this state belongs to, or of the service itself.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Secrets a connector must keep, such as rotated tokens. Never printed.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change at or below (updated_at, id) of the feed is captured. The newest source time seen,
-- and when we first saw it, bound the source's clock from below.
CREATE TABLE watermark (
    feed           TEXT PRIMARY KEY,
    updated_at     INTEGER,
    id             INTEGER,
    newest_at      INTEGER,
    newest_seen_at REAL
) STRICT, WITHOUT ROWID;

-- One row per source record ever captured: its newest known state and what the target holds.
CREATE TABLE record (
    id                INTEGER PRIMARY KEY,
    ref               TEXT NOT NULL,
    version           INTEGER NOT NULL,              -- newest source version known
    updated_at        INTEGER NOT NULL,              -- source time of that version, unix seconds
    captured_at       REAL NOT NULL,                 -- our time of capture, unix seconds
    linked            INTEGER NOT NULL CHECK (linked IN (0, 1)), -- the payload carries a target id
    payload           TEXT NOT NULL,                 -- the row as the source sent it, JSON
    state             TEXT NOT NULL CHECK (state IN ('pending', 'settled', 'refused', 'ineligible')),
    revision          INTEGER NOT NULL DEFAULT 1,    -- moves with every reason to reconcile again
    lane              INTEGER NOT NULL CHECK (lane IN (0, 1)),
    due_at            REAL NOT NULL,                 -- not before, unix seconds
    attempts          INTEGER NOT NULL DEFAULT 0,
    failed_since      REAL,                          -- first failure of the present series
    failed_at         REAL,                          -- latest failure of the present series
    target_id         INTEGER,
    gone_id           INTEGER,                       -- target id found not to exist any more
    synced            TEXT,                          -- canonical fields the target is known to hold, JSON
    delivered_id      TEXT,                          -- target id the source is known to carry
    delivered_version INTEGER,                       -- version our own last write-back produced
    reason            TEXT,
    reason_class      TEXT,
    reason_field      TEXT,
    swept             INTEGER NOT NULL DEFAULT 0     -- last sweep that saw this record
) STRICT;

CREATE INDEX record_due ON record (lane, due_at, id) WHERE state = 'pending';
CREATE INDEX record_pending_age ON record (updated_at) WHERE state = 'pending';
CREATE INDEX record_refused ON record (reason_class, id) WHERE state = 'refused';
CREATE INDEX record_linked ON record (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX record_ref ON record (ref);

-- A create that was, or is about to be, sent. While a row exists, its result is not known.
CREATE TABLE intent (
    record_id   INTEGER PRIMARY KEY REFERENCES record (id),
    correlation TEXT NOT NULL,
    opened_at   REAL NOT NULL,
    doubt_since REAL,                                -- set once the answer is known to be lost
    checks      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the source record is owed.
CREATE TABLE outbox (
    record_id  INTEGER PRIMARY KEY REFERENCES record (id),
    generation INTEGER NOT NULL DEFAULT 1,           -- moves with every change of what is owed
    target_id  TEXT,
    target_url TEXT,
    error      INTEGER CHECK (error IN (0, 1)),
    message    TEXT,
    changed_at INTEGER NOT NULL,                     -- source time of the change this answers
    due_at     REAL NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    reason     TEXT
) STRICT;

CREATE INDEX outbox_due ON outbox (due_at, record_id);

-- References a record was synced without, because the target did not have them.
CREATE TABLE awaited (
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    record_id INTEGER NOT NULL REFERENCES record (id),
    PRIMARY KEY (kind, name, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX awaited_record ON awaited (record_id);

-- Why a record did or did not sync: one line per decision.
CREATE TABLE history (
    seq       INTEGER PRIMARY KEY,
    at        REAL NOT NULL,
    record_id INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    decision  TEXT NOT NULL,
    detail    TEXT NOT NULL
) STRICT;

CREATE INDEX history_record ON history (record_id, seq);

-- Requests sent, by day, for the yearly allowance; and by minute, for the hour across restarts.
CREATE TABLE usage_day (
    system   TEXT NOT NULL,
    day      INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (system, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_minute (
    system   TEXT NOT NULL,
    minute   INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (system, minute)
) STRICT, WITHOUT ROWID;
