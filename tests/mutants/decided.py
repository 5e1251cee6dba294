"""Mutants of what is decided of a state, of mass changes, of write-backs and of failures."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

DECIDE = "tests/unit/engine/decide"
AGE = "engine/decide/age.py"
OLD = f"{DECIDE}/test_age.py"
MASS_CHANGE = "engine/decide/mass_change.py"
MASS = f"{DECIDE}/test_mass_change.py"
WRITE_BACK = "engine/decide/write_back.py"
WRITTEN = f"{DECIDE}/test_write_back.py"
FAILURE = "engine/decide/failure.py"
FAILED = f"{DECIDE}/test_failure.py"
RETRY = "engine/decide/retry.py"
RETRIES = f"{DECIDE}/test_retry.py"

MUTANTS = (
    Mutant(
        "takes up what is at work elsewhere",
        AGE,
        "if evidence.elsewhere and evidence.holds_records:",
        "if evidence.elsewhere and not evidence.holds_records:",
        (
            f"{OLD}::test_a_state_at_work_elsewhere_is_not_taken_up",
            "tests/unit/engine/store/test_provenance.py"
            "::test_a_state_of_another_installation_is_refused_until_it_is_adopted",
        ),
    ),
    Mutant(
        "leaves a copy the name of its original",
        AGE,
        "renamed=aged is not None or evidence.name is None,",
        "renamed=evidence.name is None,",
        (f"{OLD}::test_no_other_copy_can_be_taken_for_a_state_that_was_in_doubt",),
    ),
    Mutant(
        "counts on from what a copy counts",
        AGE,
        "writes=max(evidence.writes, evidence.writes + evidence.missing),",
        "writes=evidence.writes,",
        (f"{OLD}::test_no_other_copy_can_be_taken_for_a_state_that_was_in_doubt",),
    ),
    Mutant(
        "dates another life back to the last sign of this one",
        AGE,
        "return Aged(now, now, reason)",
        "return Aged(now, min(now, evidence.lived_at or now), reason)",
        (f"{OLD}::test_what_proves_another_life_makes_everything_as_young_as_now",),
    ),
    Mutant(
        "forgets everything at a first start",
        AGE,
        "if not evidence.holds_records and evidence.missing <= 0:",
        "if not evidence.holds_records and not evidence.mark:",
        (f"{OLD}::test_what_proves_no_other_life_is_trusted",),
    ),
    Mutant(
        "believes whichever system tells the longest absence",
        AGE,
        "min(clock_s, *told)",
        "min(clock_s, max(told))",
        (f"{OLD}::test_time_is_proven_by_those_who_told_it_twice",),
    ),
    Mutant(
        "trusts doubts without any sign of life",
        AGE,
        "moved_s, set_back_s, turned_s = math.inf, 0.0, 0.0",
        "moved_s, set_back_s, turned_s = 0.0, 0.0, 0.0",
        (f"{OLD}::test_a_doubt_grows_older_only_by_time_that_is_proven",),
    ),
    Mutant(
        "decides over a mass change while a page is unread",
        MASS_CHANGE,
        "return counts.unread or counts.evaluating",
        "return counts.evaluating",
        (f"{MASS}::test_what_is_held_goes_on_once_all_of_it_is_known_and_is_few",),
    ),
    Mutant(
        "decides over a mass change while a record is to be evaluated",
        MASS_CHANGE,
        "return counts.unread or counts.evaluating",
        "return counts.unread",
        (f"{MASS}::test_what_is_held_goes_on_once_all_of_it_is_known_and_is_few",),
    ),
    Mutant(
        "counts creates of a first look as changes",
        MASS_CHANGE,
        "held.records - held.creates <= allowed",
        "held.records <= allowed",
        (f"{MASS}::test_what_is_held_goes_on_once_all_of_it_is_known_and_is_few",),
    ),
    Mutant(
        "keeps few changes waiting beside creates that are many",
        MASS_CHANGE,
        "return Decision(Verdict.TRIP, Part.CHANGES)",
        "return Decision(Verdict.TRIP)",
        (f"{MASS}::test_what_is_held_goes_on_once_all_of_it_is_known_and_is_few",),
    ),
    Mutant(
        "approves everything with a few newcomers",
        MASS_CHANGE,
        "return Decision(Verdict.GO_ON, Part.NEWCOMERS)",
        "return Decision(Verdict.GO_ON, Part.ALL)",
        (
            f"{MASS}::test_few_newcomers_are_no_part_of_what_waits",
            "tests/unit/engine/store/test_fuse_decisions.py"
            "::test_few_edits_met_since_the_fuse_tripped_go_on",
        ),
    ),
    Mutant(
        "takes newcomers in numbers for edits of today",
        MASS_CHANGE,
        "        return Decision(Verdict.JOIN)\n",
        "        return Decision(Verdict.GO_ON, Part.NEWCOMERS)\n",
        (f"{MASS}::test_few_newcomers_are_no_part_of_what_waits",),
    ),
    Mutant(
        "evaluates tabs although none was emptied",
        MASS_CHANGE,
        "many_tabs = parked.tabs > 0 and parked.tabs > limits",
        "many_tabs = parked.tabs >= limits",
        (f"{MASS}::test_no_tab_is_many_where_nothing_may_change",),
    ),
    Mutant(
        "judges creates before the end of a first look",
        MASS_CHANGE,
        " if parked.first_look else None,",
        ",",
        (f"{MASS}::test_what_a_poll_has_parked_goes_on_while_it_is_few",),
    ),
    Mutant(
        "looks at a record that keeps changing again and again",
        WRITE_BACK,
        "return _later(entry, pace, reason, reason_class) if looked else Decision(Verdict.LOOK)",
        "return Decision(Verdict.LOOK)",
        (f"{WRITTEN}::test_an_answer_confirms_or_has_the_record_looked_at_once",),
    ),
    Mutant(
        "confirms a delivery that tells no version",
        WRITE_BACK,
        "    if result.outcome is Delivery.DELIVERED and result.version is not None:\n"
        "        return Decision(Verdict.CONFIRM, result.version)",
        "    if result.outcome is Delivery.DELIVERED:\n"
        "        return Decision(Verdict.CONFIRM, result.version or entry.version)",
        (f"{WRITTEN}::test_an_answer_confirms_or_has_the_record_looked_at_once",),
    ),
    Mutant(
        "counts against a record what the source has told it to wait",
        WRITE_BACK,
        "    if error.retry_after_s is not None:\n",
        "    if error.retry_after_s == 0.0:\n",
        (f"{WRITTEN}::test_trouble_postpones_a_batch_for_as_long_as_it_says",),
    ),
    Mutant(
        "writes an id over that of the record that somebody has entered",
        WRITE_BACK,
        "    if entry.is_beside(record.target_id):\n",
        "    if entry.is_beside(entry.target_id):\n",
        (f"{WRITTEN}::test_the_record_itself_tells_whether_it_is_still_to_be_written",),
    ),
    Mutant(
        "leaves the id of a gone record for good",
        "engine/model/outbox.py",
        "target_id not in (None, about, self.gone_id)",
        "target_id not in (None, about)",
        (f"{WRITTEN}::test_the_record_itself_tells_whether_it_is_still_to_be_written",),
    ),
    Mutant(
        "flags a record that was mended before its flag arrived",
        WRITE_BACK,
        "if entry.error and version != entry.version:",
        "if entry.error and version < entry.version:",
        (f"{WRITTEN}::test_the_record_itself_tells_whether_it_is_still_to_be_written",),
    ),
    Mutant(
        "writes once more what the record holds already",
        WRITE_BACK,
        "if holds(shown.record, entry):",
        "if holds(shown.record, entry) and not shown.version:",
        (f"{WRITTEN}::test_the_record_itself_tells_whether_it_is_still_to_be_written",),
    ),
    Mutant(
        "asks for a hidden record every hour",
        WRITE_BACK,
        "MISSING_RETRY_S * 2**entry.missed",
        "MISSING_RETRY_S",
        (f"{WRITTEN}::test_a_record_that_is_not_shown_is_looked_for_ever_later",),
    ),
    Mutant(
        "leaves a flag on its way although its cause is gone",
        WRITE_BACK,
        "unflag = clears_error and present.error is True",
        "unflag = clears_error and told.error is True",
        (f"{WRITTEN}::test_one_row_says_what_the_source_shall_hold_in_the_end",),
    ),
    Mutant(
        "forgets an id that is owed when the URL is owed as well",
        WRITE_BACK,
        "target_id=present.target_id if told.target_id is None else told.target_id,",
        "target_id=told.target_id,",
        (f"{WRITTEN}::test_one_row_says_what_the_source_shall_hold_in_the_end",),
    ),
    Mutant(
        "believes an id that it delivered before somebody's edit",
        WRITE_BACK,
        "if before.version == before.delivered_version else None",
        "if before.delivered_version else None",
        (f"{WRITTEN}::test_a_delivery_is_kept_with_the_version_it_made",),
    ),
    Mutant(
        "has a record that probed through an outage wait a minute more",
        RETRY,
        "    if pace.down:\n",
        "    if pace.down and not failures:\n",
        (f"{RETRIES}::test_past_a_few_quick_tries_a_record_waits_a_minute",),
    ),
    Mutant(
        "spends the allowance on one bad record",
        RETRY,
        "    if others_succeed or failures <= QUICK_TRIES:\n",
        "    if others_succeed or failures:\n",
        (f"{RETRIES}::test_past_a_few_quick_tries_a_record_waits_a_minute",),
    ),
    Mutant(
        "refuses a record that is forbidden once",
        FAILURE,
        "if around.attempts + 1 < FORBIDDEN_ATTEMPTS:",
        "if around.attempts + 1 < 0:",
        (f"{FAILED}::test_while_nobody_is_at_fault_it_is_tried_again",),
    ),
    Mutant(
        "takes a conflict of one record for an outage",
        FAILURE,
        "return isinstance(error, Conflict) or not isinstance(error, EngineError)",
        "return not isinstance(error, EngineError)",
        (f"{FAILED}::test_while_nobody_is_at_fault_it_is_tried_again",),
    ),
    Mutant(
        "does not say which field a record is refused for",
        FAILURE,
        "return _refuse(error, reason, error.field if isinstance(error, Rejected) else None)",
        "return _refuse(error, reason)",
        (f"{FAILED}::test_a_record_at_fault_is_refused_with_its_reason",),
    ),
    Mutant(
        "comes back earlier than it was told",
        FAILURE,
        "    if told_s is not None:\n",
        "    if told_s == 0.0:\n",
        (f"{FAILED}::test_how_long_it_waits_follows_from_its_series_and_from_what_was_told",),
    ),
    Mutant(
        "asks for what was not granted at the pace of an outage",
        FAILURE,
        "    if isinstance(error, NotGranted):\n        wait",
        "    if isinstance(error, NotGranted) and not around.apart:\n        wait",
        (f"{FAILED}::test_how_long_it_waits_follows_from_its_series_and_from_what_was_told",),
    ),
    Mutant(
        "counts what every record met against the one in hand",
        FAILURE,
        "return Decision(Verdict.PAUSE, failure, wait, counts=False, pause=reason)",
        "return Decision(Verdict.PAUSE, failure, wait, counts=True, pause=reason)",
        (f"{FAILED}::test_what_concerns_every_record_pauses_the_target",),
    ),
    Mutant(
        "has what was not sent wait although its target is watched",
        FAILURE,
        "return None if closed else Wait",
        "return Wait",
        (f"{FAILED}::test_what_was_not_sent_waits_for_whoever_watches_the_target",),
    ),
)
