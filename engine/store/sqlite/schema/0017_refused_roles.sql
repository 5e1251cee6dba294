-- Roles that the target refuses: sent again only when what was refused has changed, or seldom.
CREATE TABLE refused_role (
    target_id    INTEGER NOT NULL,                   -- of the opportunity
    prospect_id  INTEGER NOT NULL,
    role         TEXT NOT NULL,
    joined       INTEGER NOT NULL CHECK (joined IN (0, 1)), -- where each person had one role only
    held         INTEGER NOT NULL CHECK (held IN (0, 1)),   -- while an equal role was there
    retry_at     REAL NOT NULL,                      -- unix seconds
    reason       TEXT NOT NULL,
    reason_code  TEXT NOT NULL,
    reason_class TEXT NOT NULL,
    reason_field TEXT,
    PRIMARY KEY (target_id, prospect_id, role)
) STRICT, WITHOUT ROWID;
