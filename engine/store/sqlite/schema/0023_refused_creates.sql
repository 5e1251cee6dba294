-- Whether it was to be created, not to take the place of another; 0 where that was not written down.
ALTER TABLE refused_role ADD COLUMN created INTEGER NOT NULL DEFAULT 0 CHECK (created IN (0, 1));
