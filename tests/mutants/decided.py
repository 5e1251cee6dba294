"""Mutants of what is decided: how old a state is, and what a mass change may do."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

DECIDE = "tests/unit/engine/decide"
AGE = "engine/decide/age.py"
OLD = f"{DECIDE}/test_age.py"
MASS_CHANGE = "engine/decide/mass_change.py"
MASS = f"{DECIDE}/test_mass_change.py"

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
        "moved_s, set_back_s = math.inf, 0.0",
        "moved_s, set_back_s = 0.0, 0.0",
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
)
