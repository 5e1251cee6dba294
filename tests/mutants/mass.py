"""Mutants of what the fuse holds whole, and of the first look at a pair."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WHOLE = "tests/scenario/test_held_whole.py"
FIRST = "tests/scenario/test_first_look.py"
DECISIONS = "tests/unit/engine/store/test_fuse_decisions.py"
GATE = "tests/unit/engine/actors/test_gate.py"
CAPTURE = "engine/store/sqlite/capture.py"
CONTACTS = "engine/store/sqlite/tabs.py"
FUSE = "engine/store/sqlite/fuse.py"
MASS_CHANGE = "engine/decide/mass_change.py"
RELATING = "engine/actors/relationship_syncer.py"

MUTANTS = (
    Mutant(
        "takes what takes the place of a gone record for a newcomer",
        FUSE,
        "AND target_id IS NULL AND NOT linked AND gone_id IS NULL),",
        "AND target_id IS NULL AND NOT linked),",
        (f"{DECISIONS}::test_what_takes_the_place_of_a_gone_record_counts_as_a_change",),
    ),
    Mutant(
        "lets nothing go on that takes the place of a gone record",
        FUSE,
        "OR linked OR gone_id IS NOT NULL)",
        "OR linked)",
        (f"{DECISIONS}::test_what_takes_the_place_of_a_gone_record_goes_on_beside_newcomers",),
    ),
    Mutant(
        "lets a role through the gate",
        "engine/actors/gate.py",
        '        pass_gate("would create a role", attempt)\n',
        "",
        (GATE,),
    ),
    Mutant(
        "has the gate open while work is only evaluated",
        "engine/actors/gate.py",
        "if weighing.get():",
        "if weighing.get() and not would:",
        (GATE,),
    ),
    Mutant(
        "creates and flags people for what is only evaluated",
        RELATING,
        "asked = self.prospects.foresee if foreseen else self.prospects.resolve",
        "weighing.set(not foreseen)\n        asked = self.prospects.resolve",
        (f"{WHOLE}::test_replaced_tabs_create_and_tell_nobody",),
    ),
    Mutant(
        "takes added lines for no change",
        "engine/decide/tab.py",
        "if not edits and not lines.would:",
        "if not edits.change and not edits.remove and not lines.would:",
        (f"{WHOLE}::test_added_lines_are_a_mass_change_as_well",),
    ),
    Mutant(
        "counts no people",
        MASS_CHANGE,
        " <= allowed and held.people <= allowed",
        " <= allowed",
        (f"{WHOLE}::test_many_people_on_few_tabs_are_many",),
    ),
    Mutant(
        "relates the people of a record that is held",
        "engine/decide/settling.py",
        "evaluated = of_record in (Mass.EVALUATING, Mass.HELD)",
        "evaluated = of_record in ()",
        ("tests/unit/engine/store/test_fuse_decisions.py",),
    ),
    Mutant(
        "looks ahead at people of tabs that are held",
        CONTACTS,
        "r.tab IS NOT NULL AND t.mass <> 2",
        "r.tab IS NOT NULL",
        (f"{WHOLE}::test_a_fresh_edit_of_one_of_them_goes_on_alone",),
    ),
    Mutant(
        "takes a few changes in each page for edits of today",
        CAPTURE,
        "weighed = mass and not (anew and lane is Lane.FRESH)",
        "weighed = mass and lane is not Lane.FRESH",
        (f"{WHOLE}::test_changes_scattered_over_many_pages_are_one_mass_change",),
    ),
    Mutant(
        "keeps edits of today waiting for an approval",
        MASS_CHANGE,
        "    if counts.newcomers > limits.changes_max(counts.linked):",
        "    if counts.newcomers > 0:",
        ("tests/unit/engine/store/test_fuse_decisions.py",),
    ),
    Mutant(
        "believes a poll that shows all tabs empty",
        CAPTURE,
        "        tabs.park_emptied(connection, emptied, lane, now)\n",
        "",
        (f"{WHOLE}::test_tabs_that_a_poll_shows_empty_in_numbers_are_a_mass_change",),
    ),
    Mutant(
        "overwrites at first sight",
        "engine/actors/poller.py",
        "page, asked_at, mark=mark, first_look=first_ever, flagged=flagged",
        "page, asked_at, mark=mark, flagged=flagged",
        (f"{FIRST}::test_what_a_first_look_would_overwrite_waits",),
    ),
    Mutant(
        "sends the people of a first look",
        CONTACTS,
        "            Mass.NONE if rests else mass,\n",
        "            Mass.NONE,\n",
        (f"{FIRST}::test_people_are_held_in_a_first_look_as_well",),
    ),
    Mutant(
        "decides over a first look that is not at its end",
        "engine/actors/fuse_keeper.py",
        'await self.store.kept.set_setting(FIRST_LOOK, "")',
        "await self.store.fuse.waiting()",
        (f"{FIRST}::test_a_first_look_that_fails_half_way_is_one_first_look",),
    ),
    Mutant(
        "creates any number at first sight",
        MASS_CHANGE,
        "parked.creates > limits.creates_max",
        "parked.creates < 0",
        (f"{FIRST}::test_creates_of_a_first_look_wait_above_a_bound",),
    ),
    Mutant(
        "takes reading anew for an approval",
        "engine/decide/capture.py",
        "return Mass(mass or (linked and before.version == row.version))",
        "return Mass(mass and not linked)",
        (f"{FIRST}::test_what_is_held_stays_so_through_a_sweep_and_another_mapping",),
    ),
    Mutant(
        "flags what is only evaluated",
        "engine/store/sqlite/settle.py",
        "    if work.mass is Mass.EVALUATING and not work.lifted:\n",
        "    if work.mass is Mass.HELD:\n",
        ("tests/unit/engine/store/test_settle.py",),
    ),
    Mutant(
        "keeps a tab that nothing holds any more waiting for ever",
        "engine/store/sqlite/schema/0024_people_tab.sql",
        "    UPDATE people_tab SET due_at = 0 WHERE record_id = NEW.record_id;\n",
        "    UPDATE people_tab SET due_at = due_at WHERE record_id = NEW.record_id;\n",
        (
            "tests/unit/engine/store/test_fuse_decisions.py"
            "::test_what_nothing_holds_any_more_is_due",
        ),
    ),
    Mutant(
        "reads again what was read to be weighed",
        FUSE,
        "AND c.record_id = record.id)",
        "AND c.record_id <> record.id)",
        (
            "tests/unit/engine/store/test_fuse_decisions.py"
            "::test_what_was_read_of_a_record_that_is_held_is_not_read_again",
        ),
    ),
)
