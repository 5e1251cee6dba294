-- How far behind the service was, for a chart of the last days: the worst of each minute and of each
-- hour. Bounded by whoever writes it.
CREATE TABLE sample (
    grain_s INTEGER NOT NULL,                        -- 60 or 3600
    at      INTEGER NOT NULL,                        -- begin of that minute or hour, unix seconds
    lag_s   INTEGER NOT NULL,                        -- age of the oldest change that waits
    backlog INTEGER NOT NULL,                        -- changes that wait
    PRIMARY KEY (grain_s, at)
) STRICT, WITHOUT ROWID;
