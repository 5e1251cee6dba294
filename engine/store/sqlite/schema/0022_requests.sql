-- Requests to either system that were spent on a decision; NULL where they were not counted.
ALTER TABLE history ADD COLUMN requests INTEGER;
