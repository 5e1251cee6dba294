"""Mass changes, decided from counts: what goes on by itself, and what waits for somebody."""

from __future__ import annotations

import pytest

from engine.decide.mass_change import Decision, ParkedDecision, Part, Verdict, decide, decide_parked
from engine.model.mass_change import Counts, Held, Limits, Mass, Parked

# Of 100 linked records 30 may change at once.
LIMITS = Limits(0.3, 5, creates_max=10)
ALL = Decision(Verdict.GO_ON, Part.ALL)
WAIT = Decision(Verdict.WAIT)
TRIP = Decision(Verdict.TRIP)


def counts(
    records: int,
    linked: int = 100,
    *,
    people: int = 0,
    creates: int = 0,
    unread: bool = False,
    evaluating: bool = False,
) -> Counts:
    """So much is held, and no fuse has tripped."""
    held = Held(records, linked, False, people, creates)
    return Counts(held, unread, evaluating, newcomers=0, linked=linked)


@pytest.mark.parametrize(
    ("seen", "decision"),
    [
        (counts(0), Decision(Verdict.NOTHING)),
        (counts(30), ALL),
        (counts(31), TRIP),
        # However few are linked.
        (counts(5, linked=2), ALL),
        (counts(6, linked=2), TRIP),
        # People on few tabs.
        (counts(1, people=30), ALL),
        (counts(1, people=31), TRIP),
        # The first pages of a mass change look like a small one.
        (counts(1, unread=True), WAIT),
        (counts(31, unread=True), WAIT),
        (counts(1, evaluating=True), WAIT),
        # Creates were counted before, and are too many; they are no changes of what is linked.
        (counts(40, creates=10), Decision(Verdict.TRIP, Part.CHANGES)),
        (counts(41, creates=10), TRIP),
        (counts(40, creates=40), Decision(Verdict.TRIP, Part.CHANGES)),
    ],
)
def test_what_is_held_goes_on_once_all_of_it_is_known_and_is_few(
    seen: Counts, decision: Decision
) -> None:
    """Nothing of a mass change is sent before it is known how large it is."""
    assert decide(seen, LIMITS) == decision


def tripped(records: int, newcomers: int, linked: int = 100) -> Counts:
    """So much waits for somebody, and so much of it came since."""
    held = Held(records, linked, True)
    return Counts(held, unread=False, evaluating=False, newcomers=newcomers, linked=linked)


@pytest.mark.parametrize(
    ("seen", "decision"),
    [
        (tripped(40, 0), WAIT),
        (tripped(40, 30), Decision(Verdict.GO_ON, Part.NEWCOMERS)),
        (tripped(71, 31), Decision(Verdict.JOIN)),
        # However few are left of what waits.
        (tripped(1, 0), WAIT),
        # Somebody has taken the mistake back.
        (tripped(0, 0), Decision(Verdict.NOTHING, mended=True)),
    ],
)
def test_few_newcomers_are_no_part_of_what_waits(seen: Counts, decision: Decision) -> None:
    """Edits of today go on; more of the same joins it."""
    assert decide(seen, LIMITS) == decision


@pytest.mark.parametrize(
    ("parked", "decision"),
    [
        (Parked(0, 0, 100, first_look=False), ParkedDecision(Mass.NONE, None)),
        (Parked(30, 0, 100, first_look=False), ParkedDecision(Mass.NONE, None)),
        (Parked(31, 0, 100, first_look=False), ParkedDecision(Mass.EVALUATING, None)),
        (Parked(0, 11, 100, first_look=False), ParkedDecision(Mass.NONE, None)),
        (Parked(0, 10, 0, first_look=True), ParkedDecision(Mass.NONE, Mass.NONE)),
        (Parked(0, 11, 0, first_look=True), ParkedDecision(Mass.NONE, Mass.HELD)),
        (Parked(6, 11, 1, first_look=True), ParkedDecision(Mass.EVALUATING, Mass.HELD)),
    ],
)
def test_what_a_poll_has_parked_goes_on_while_it_is_few(
    parked: Parked, decision: ParkedDecision
) -> None:
    """Tabs emptied in numbers are evaluated first; creates are judged when all are seen."""
    assert decide_parked(parked, LIMITS) == decision


def test_no_tab_is_many_where_nothing_may_change() -> None:
    """Every poll ends with this question, and most have parked nothing."""
    none = Limits(0.0, 0, creates_max=0)

    assert decide_parked(Parked(0, 0, 0, first_look=False), none).tabs is Mass.NONE
    assert decide_parked(Parked(1, 0, 0, first_look=False), none).tabs is Mass.EVALUATING
