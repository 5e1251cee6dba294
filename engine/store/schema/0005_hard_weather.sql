-- Facts that keep promises when systems, machines and clocks misbehave.

-- The opportunity a role is on: what is known of it belongs there, whichever record is linked to it.
ALTER TABLE role ADD COLUMN target_id INTEGER NOT NULL DEFAULT 0;
UPDATE role SET target_id = coalesce(
    (SELECT target_id FROM contacts WHERE contacts.record_id = role.record_id), 0);
DROP INDEX role_record;
CREATE INDEX role_target ON role (target_id);
