"""Mutants that do to records what no operator has asked for, or not what one has."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

OPPORTUNITY = "engine/decide/opportunity.py"
PERSON = "engine/decide/person.py"
CAPTURE = "engine/decide/capture.py"
TAB = "engine/decide/tab.py"
TABS = "engine/store/sqlite/tabs.py"
REFUSALS = "engine/store/sqlite/refusals.py"
ACTING = "engine/store/sqlite/acting.py"
OUTBOX = "engine/store/sqlite/outbox.py"
SCHEMA = "engine/store/sqlite/schema/0012_acting.sql"
HEALING = "engine/decide/healing.py"
HEALED = "tests/scenario/test_healing.py"
RETRYING = "tests/scenario/test_retrying.py"
SKIPPING = "tests/scenario/test_skipping.py"

MUTANTS = (
    Mutant(
        "takes a flag that was set after our reset for ours",
        OUTBOX,
        '"UPDATE record SET flagged = 0 WHERE id = ?"',
        '"UPDATE record SET flagged = flagged WHERE id = ?"',
        (f"{RETRYING}::test_a_flag_set_after_our_reset_is_somebodys",),
    ),
    Mutant(
        "tries a record again whose flag stays in the source",
        ACTING,
        """        refusals.lift(connection, one.id, now, lane=lane, mass=Mass.NONE)
        _owe_reset(connection, one, now)
""",
        """        refusals.lift(connection, one.id, now, lane=lane, mass=Mass.NONE)
""",
        (f"{RETRYING}::test_all_of_one_reason_are_reset_in_batches",),
    ),
    Mutant(
        "retries a record as it was when it was refused",
        REFUSALS,
        "\"UPDATE record SET state = 'pending', lifted = 1, reread = 1, revision",
        "\"UPDATE record SET state = 'pending', lifted = 1, reread = 0, revision",
        (
            f"{RETRYING}::test_an_edit_made_meanwhile_is_what_is_sent",
            f"{RETRYING}::test_what_was_unticked_meanwhile_is_not_sent",
        ),
    ),
    Mutant(
        "hurries a create in doubt",
        "engine/store/sqlite/acting.py",
        "    if intents.of(connection, IntentKind.OPPORTUNITY, one.id) is not None:",
        "    if intents.of(connection, IntentKind.OPPORTUNITY, -1) is not None:",
        (f"{RETRYING}::test_a_create_in_doubt_is_not_hurried",),
    ),
    Mutant(
        "relates nobody on a record whose flag was ours",
        TAB,
        "    if record.error and not work.lifted:",
        "    if record.error:",
        (f"{HEALED}::test_the_people_of_a_healed_record_follow",),
    ),
    Mutant(
        "forgets that its own flag counts as reset once the record is settled",
        SCHEMA,
        "lifted = CASE WHEN NEW.state = 'settled' THEN lifted ELSE 0 END WHERE",
        "lifted = 0 WHERE",
        (f"{HEALED}::test_the_people_of_a_healed_record_follow",),
    ),
    Mutant(
        "makes a retried person nobody's prospect",
        PERSON,
        "    return record.eligible or (record.sync and lifted)",
        "    return record.eligible",
        (f"{RETRYING}::test_a_refused_person_is_retried",),
    ),
    Mutant(
        "sends what an operator has told it to leave alone",
        OPPORTUNITY,
        "    if work.skip is not None:\n        return Leave(skipped(work.skip))\n",
        "",
        (f"{SKIPPING}::test_a_create_in_doubt_is_looked_for_although_it_is_skipped",),
    ),
    Mutant(
        "takes in what an operator has told it to leave alone",
        CAPTURE,
        "    if skip is not None:\n        return State.INELIGIBLE\n",
        "",
        ("tests/unit/engine/decide/test_capture.py::test_what_is_skipped_is_left_out",),
    ),
    Mutant(
        "makes a prospect of a person that is skipped",
        PERSON,
        "    if known is not None and known.skip is not None:\n"
        "        return HoldBack(skipped(known.skip), Keep.NOTHING)\n",
        "",
        (f"{SKIPPING}::test_a_skipped_person_is_neither_created_nor_related",),
    ),
    Mutant(
        "forgets what the target holds, and not to look",
        ACTING,
        '"UPDATE record SET synced = NULL, reread = 1, state',
        '"UPDATE record SET reread = 1, state',
        (f"{SKIPPING}::test_a_resync_repairs_what_somebody_changed_in_the_target",),
    ),
    Mutant(
        "retries what an operator has told it to leave alone",
        ACTING,
        """    if skips.of(connection, one.record_type, one.id) is not None:
        return Did.LEFT_ALONE
    state = State(""",
        """    state = State(""",
        (f"{SKIPPING}::test_what_is_refused_and_skipped_is_neither_retried_nor_forgotten",),
    ),
    Mutant(
        "tries what was refused again at every look",
        HEALING,
        "    return bool(_changed(kept, now))",
        "    return kept is not None",
        (f"{HEALED}::test_what_is_refused_again_is_tried_once_only",),
    ),
    Mutant(
        "never tries what was refused again",
        HEALING,
        "    return bool(_changed(kept, now))",
        "    return False",
        (f"{HEALED}::test_an_edit_of_the_field_at_fault_heals_by_itself",),
    ),
    Mutant(
        "takes any edit for one of the field at fault",
        HEALING,
        "concerned = list(around.fillings.values()) if named is None else [named]",
        "concerned = list(around.fillings.values())",
        (f"{HEALED}::test_an_edit_of_another_field_heals_nothing",),
    ),
    Mutant(
        "heals by any line of the mapping",
        HEALING,
        'keys = [MAPPING, ID] if named is None else [f"{LINE}:{named.field}"]',
        "keys = [MAPPING, ID]",
        (f"{HEALED}::test_another_line_of_the_mapping_heals_nothing",),
    ),
    Mutant(
        "leaves its own flag on what has healed",
        "engine/store/sqlite/settle.py",
        "        owed = replace(owed, error=False) if work.lifted else owed\n",
        "",
        (f"{HEALED}::test_an_edit_of_the_field_at_fault_heals_by_itself",),
    ),
    Mutant(
        "overwrites in masses what a mapping heals",
        "engine/store/rows/refusals.py",
        "mass = Mass(one.refused.linked and not one.by_edit)",
        "mass = Mass.NONE",
        (f"{HEALED}::test_many_linked_records_that_heal_at_once_are_a_mass_change",),
    ),
    Mutant(
        "asks for flagged records although nothing heals",
        "engine/actors/healer.py",
        "return self.dependence.heals and await",
        "return await",
        (f"{HEALED}::test_with_healing_off_the_poll_asks_for_no_flagged_record",),
    ),
    Mutant(
        "takes a record that heals for one that a sweep does not list",
        "engine/store/sqlite/capture.py",
        '" AND NOT (lifted AND flagged) AND NOT EXISTS',
        '" AND NOT EXISTS',
        (f"{HEALED}::test_a_sweep_in_the_same_run_leaves_nothing_out",),
    ),
    Mutant(
        "wakes nobody who waits for what was not granted",
        "engine/store/sqlite/grants.py",
        "    if known is None:\n        return False\n",
        "    return False\n",
        (
            "tests/unit/engine/store/test_grants.py"
            "::test_a_consent_makes_whoever_has_waited_for_it_due",
        ),
    ),
)
