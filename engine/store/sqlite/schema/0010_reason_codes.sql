-- The kind of a reason beside its text; what was written down before there were kinds has none.
ALTER TABLE history ADD COLUMN reason_code TEXT;
ALTER TABLE record ADD COLUMN reason_code TEXT;
ALTER TABLE contacts ADD COLUMN reason_code TEXT;
ALTER TABLE person ADD COLUMN reason_code TEXT;
ALTER TABLE outbox ADD COLUMN reason_code TEXT;
