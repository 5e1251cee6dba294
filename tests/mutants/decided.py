"""Mutants of what is decided: how old a state is."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

DECIDE = "tests/unit/engine/decide"
AGE = "engine/decide/age.py"
OLD = f"{DECIDE}/test_age.py"

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
)
