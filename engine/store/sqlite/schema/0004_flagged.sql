-- Set while the source may show a refusal of ours: its flag, and the reason where it has a column.
ALTER TABLE record ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0 CHECK (flagged IN (0, 1));
UPDATE record SET flagged = 1
    WHERE state = 'refused'
    OR (reason IS NOT NULL AND failed_since IS NULL AND reason_class <> 'held_back');
