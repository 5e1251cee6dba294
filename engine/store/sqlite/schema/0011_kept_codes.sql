-- What an earlier version kept without a code gets it here, once: by the sentence where it is one of
-- ours, else by the class of its error. From here on a reason is never without its code.
CREATE TEMP TABLE sentence (said TEXT PRIMARY KEY, code TEXT NOT NULL);
INSERT INTO sentence (said, code) VALUES
    ('sync is off', 'sync-off'),
    ('the error flag is set', 'error-flag-set'),
    ('the record is deleted, or hidden from our user', 'record-hidden'),
    ('the record is deleted', 'record-deleted'),
    ('the source does not show it among the eligible records any more', 'record-not-listed'),
    ('no longer eligible, and the create never happened', 'no-longer-eligible');
UPDATE history SET reason_code = (SELECT code FROM sentence WHERE said = detail)
    WHERE reason_code IS NULL;
UPDATE outbox SET reason_code = (SELECT code FROM sentence WHERE said = reason)
    WHERE reason_code IS NULL;
DROP TABLE sentence;

CREATE TEMP TABLE class_code (class TEXT PRIMARY KEY, code TEXT NOT NULL);
INSERT INTO class_code (class, code) VALUES
    ('validation', 'refused'),
    ('forbidden', 'forbidden'),
    ('not_found', 'not-found'),
    ('conflict', 'edit-conflict'),
    ('auth', 'credentials-refused'),
    ('configuration', 'configuration-wrong'),
    ('rate_limited', 'throttled'),
    ('unreachable', 'unanswered'),
    ('protocol', 'answer-not-understood'),
    ('held_back', 'system-paused'),
    ('duplicate', 'already-there'),
    ('storage', 'state-unusable'),
    ('unexpected', 'internal-error');
UPDATE record SET reason_code = 'mass-change-held' WHERE mass = 2 AND reason IS NOT NULL;
UPDATE contacts SET reason_code = 'mass-change-held' WHERE mass = 2 AND reason IS NOT NULL;
UPDATE record SET reason_code =
    CASE WHEN reason LIKE '%characters long, at most %' THEN 'value-too-long'
         WHEN reason LIKE '%: must not be blank' THEN 'value-required'
         WHEN reason LIKE 'held back by the budget: %per_hour%' THEN 'budget-hour-spent'
         WHEN reason LIKE 'held back by the budget: %per_year%' THEN 'budget-year-spent'
         WHEN reason LIKE 'held back by the budget: %' THEN 'budget-reserve-reached'
         ELSE coalesce((SELECT code FROM class_code WHERE class = reason_class), 'unspecified') END
    WHERE reason IS NOT NULL AND reason_code IS NULL;
UPDATE contacts SET reason_code =
    coalesce((SELECT code FROM class_code WHERE class = reason_class), 'unspecified')
    WHERE reason IS NOT NULL AND reason_code IS NULL;
UPDATE person SET reason_code =
    coalesce((SELECT code FROM class_code WHERE class = reason_class), 'unspecified')
    WHERE reason IS NOT NULL AND reason_code IS NULL;
UPDATE outbox SET reason_code = 'unspecified' WHERE reason IS NOT NULL AND reason_code IS NULL;
DROP TABLE class_code;
