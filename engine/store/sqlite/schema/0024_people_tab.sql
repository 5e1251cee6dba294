-- One word for the people on an opportunity: the People tab.
DROP INDEX contacts_mass;
DROP INDEX contacts_due;
DROP INDEX contacts_waiting;
DROP INDEX contacts_given_up;
DROP TRIGGER contacts_let_go;
DROP TRIGGER contacts_have_gone_on;
DROP TRIGGER contacts_removed;

ALTER TABLE contacts RENAME TO people_tab;

CREATE INDEX people_tab_mass ON people_tab (mass) WHERE mass > 0;
CREATE INDEX people_tab_due ON people_tab (lane, due_at, record_id) WHERE state = 'pending';
CREATE INDEX people_tab_waiting ON people_tab (lane, pending_since, due_at)
    WHERE state = 'pending' AND mass <> 2 AND NOT given_up;
CREATE INDEX people_tab_given_up ON people_tab (failed_at)
    WHERE state = 'pending' AND given_up = 1;

-- What nothing holds any more is due, whichever statement lets it go.
CREATE TRIGGER people_tab_let_go AFTER UPDATE OF mass, due_at ON people_tab
WHEN NEW.mass NOT IN (1, 2) AND NEW.due_at >= 99999999999.0 BEGIN
    UPDATE people_tab SET due_at = 0 WHERE record_id = NEW.record_id;
END;

CREATE TRIGGER people_tab_has_gone_on AFTER UPDATE OF mass ON people_tab
WHEN NEW.mass <> 3 AND NEW.let_go IS NOT NULL BEGIN
    UPDATE people_tab SET let_go = NULL WHERE record_id = NEW.record_id;
END;

-- What belongs to a tab that is followed no more goes with it.
CREATE TRIGGER people_tab_removed AFTER DELETE ON people_tab BEGIN
    DELETE FROM intent WHERE kind = 'role' AND record_id = OLD.record_id;
END;
