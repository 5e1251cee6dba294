"""What an outcome makes of what is there by then: nothing newer is settled, held up or lost."""

from __future__ import annotations

import pytest

from engine.decide import settling
from engine.decide.settling import Again, Settled, TabDue
from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Mass
from engine.model.present import RecordNow, TabNow
from engine.model.states import State

NOW = 1_000_000.0
PENDING = RecordNow(
    State.PENDING,
    revision=3,
    mass=Mass.APPROVED,
    flagged=True,
    pending_since=NOW - 90,
    updated_at=NOW - 30,
    due_at=NOW + 60,
    failures=4,
    failed_since=NOW - 50,
)
TAB = TabNow(
    State.PENDING,
    revision=3,
    lane=Lane.BACKLOG,
    mass=Mass.NONE,
    target_id=7,
    pending_since=NOW - 90,
    due_at=NOW + 60,
    failures=4,
    failed_at=None,
    taken_since=None,
    given_up=False,
    in_doubt=False,
)
SETTLED, LEFT_OUT = (PENDING._replace(state=s) for s in (State.SETTLED, State.INELIGIBLE))
RESTS = TAB._replace(state=State.SETTLED)


@pytest.mark.parametrize(
    ("found", "revision", "expected"),
    [
        (PENDING, 3, Settled(State.SETTLED, Mass.NONE, NOW - 90)),
        (LEFT_OUT, 3, Settled(State.INELIGIBLE, Mass.NONE, NOW - 90)),
        (PENDING, 2, Settled(State.PENDING, Mass.APPROVED, NOW - 30)),
    ],
)
def test_only_the_revision_that_was_reconciled_is_settled(
    found: RecordNow, revision: int, expected: Settled
) -> None:
    """What was left out meanwhile stays so, and a newer change waits since it was made."""
    assert settling.settled(found, revision) == expected


@pytest.mark.parametrize(
    ("found", "revision", "expected"),
    [
        (PENDING, 3, State.REFUSED),
        (PENDING, 2, State.PENDING),
        (LEFT_OUT, 3, State.INELIGIBLE),
    ],
)
def test_only_the_revision_that_was_refused_is_flagged(
    found: RecordNow, revision: int, expected: State
) -> None:
    """The newer one may be right."""
    assert settling.refused(found, revision) is expected


@pytest.mark.parametrize(
    ("flagged", "ours", "expected"),
    [
        (True, True, State.REFUSED),
        (True, False, State.INELIGIBLE),
        (False, True, State.INELIGIBLE),
    ],
)
def test_a_record_that_shows_our_own_flag_is_refused_as_before(
    flagged: bool, ours: bool, expected: State
) -> None:
    """Anything else that keeps it from being synced is no refusal of ours."""
    assert settling.left_out(PENDING._replace(flagged=ours), flagged=flagged) is expected


@pytest.mark.parametrize(("revision", "expected"), [(3, NOW + 300), (2, NOW + 60)])
def test_an_outcome_puts_off_nothing_newer(revision: int, expected: float) -> None:
    """An edit that cures it does not wait out what it cures."""
    assert settling.due(PENDING, revision, NOW + 300) == expected
    assert settling.due(TAB, revision, NOW + 300) == expected


def test_failures_are_counted_in_a_row() -> None:
    """Of a series that is over none counts."""
    assert settling.failures(PENDING, fails=True) == 5
    assert settling.failures(PENDING, fails=False) == 4
    assert settling.failures(PENDING._replace(failed_since=None), fails=True) == 1
    assert settling.failures(TAB, fails=True) == 1
    assert settling.failures(TAB._replace(failed_at=NOW), fails=True) == 5


def test_only_what_rests_is_made_due_by_a_doubt_about_the_target() -> None:
    """What waits has its own time, and what is left out rests."""
    assert settling.read_again(SETTLED, NOW, in_s=9.0) == Again(State.PENDING, NOW + 9, NOW)
    assert settling.read_again(PENDING, NOW) == Again(State.PENDING, NOW + 60, NOW - 90)
    assert settling.read_again(LEFT_OUT, NOW) == Again(State.INELIGIBLE, NOW + 60, NOW - 90)


def test_what_was_held_of_a_record_that_loses_its_target_record_is_due() -> None:
    """It was held for another target record."""
    unheld = PENDING._replace(mass=Mass.NONE)

    assert settling.handed_over(PENDING, NOW) == Again(State.PENDING, NOW, NOW - 90)
    assert settling.handed_over(unheld, NOW) == Again(State.PENDING, NOW + 60, NOW - 90)


@pytest.mark.parametrize(
    ("found", "lane", "mass", "expected"),
    [
        (RESTS, Lane.FRESH, Mass.NONE, TabDue(Lane.FRESH, Mass.NONE, NOW, NOW - 5)),
        (TAB, Lane.FRESH, Mass.NONE, TabDue(Lane.FRESH, Mass.NONE, NOW, NOW - 90)),
        (
            TAB._replace(lane=Lane.FRESH, pending_since=NOW),
            Lane.BACKLOG,
            Mass.EVALUATING,
            TabDue(Lane.FRESH, Mass.EVALUATING, NOW, NOW - 5),
        ),
        # A doubt keeps its own time.
        (
            TAB._replace(in_doubt=True),
            Lane.BACKLOG,
            Mass.NONE,
            TabDue(Lane.BACKLOG, Mass.NONE, NOW + 60, NOW - 90),
        ),
        # What the fuse has is let go by a fresh edit or an approval, not in passing.
        (TAB._replace(mass=Mass.HELD), Lane.BACKLOG, Mass.NONE, None),
        (
            TAB._replace(mass=Mass.HELD),
            Lane.FRESH,
            Mass.NONE,
            TabDue(Lane.FRESH, Mass.NONE, NOW, NOW - 90),
        ),
        (
            TAB._replace(mass=Mass.EVALUATING),
            Lane.BACKLOG,
            Mass.NONE,
            TabDue(Lane.BACKLOG, Mass.EVALUATING, NOW, NOW - 90),
        ),
        # What is parked waits for the end of the poll.
        (TAB._replace(mass=Mass.EVALUATING, due_at=NEVER), Lane.FRESH, Mass.NONE, None),
    ],
)
def test_a_tab_with_a_reason_to_look_again(
    found: TabNow, lane: Lane, mass: Mass, expected: TabDue | None
) -> None:
    """It waits since the oldest of its reasons, in the lane of the most urgent."""
    assert settling.tab_again(found, lane, mass, since=NOW - 5, at=NOW) == expected


def test_a_line_that_can_be_told_only_later_is_late_from_then_on() -> None:
    """What waits already is not put off by it."""
    assert settling.tab_later(RESTS, NOW + 5) == TabDue(Lane.BACKLOG, Mass.NONE, NOW + 5, NOW + 5)
    assert settling.tab_later(TAB, NOW + 90).due_at == NOW + 60
    assert settling.tab_later(TAB, NOW + 5) == TabDue(Lane.BACKLOG, Mass.NONE, NOW + 5, NOW - 90)


def test_only_the_tab_that_was_compared_is_settled_or_left() -> None:
    """A newer reason to look waits from now on."""
    assert settling.tab_settled(TAB, 3, NOW) == Settled(State.SETTLED, Mass.NONE, NOW - 90)
    assert settling.tab_settled(TAB, 2, NOW) == Settled(State.PENDING, Mass.NONE, NOW)
    assert settling.tab_left(TAB, 3) is State.SETTLED
    assert settling.tab_left(TAB, 2) is State.PENDING


def test_a_role_is_taken_since_it_was_first_called_so() -> None:
    """And stays so while something else is in doubt."""
    taken = TAB._replace(taken_since=NOW - 9)

    assert settling.taken_since(TAB, NOW, taken=True) == NOW
    assert settling.taken_since(TAB, NOW, taken=False) is None
    assert settling.taken_since(taken, NOW, taken=True) == NOW - 9
    assert settling.taken_since(taken, NOW, taken=False) == NOW - 9


@pytest.mark.parametrize(
    ("mass", "lane", "of_record", "expected"),
    [
        (Mass.NONE, Lane.BACKLOG, Mass.HELD, Mass.EVALUATING),
        (Mass.NONE, Lane.BACKLOG, Mass.EVALUATING, Mass.EVALUATING),
        (Mass.NONE, Lane.BACKLOG, Mass.APPROVED, Mass.NONE),
        (Mass.NONE, Lane.FRESH, Mass.HELD, Mass.NONE),
        (Mass.APPROVED, Lane.BACKLOG, Mass.HELD, Mass.APPROVED),
    ],
)
def test_a_tab_is_weighed_with_its_record_unless_it_was_edited(
    mass: Mass, lane: Lane, of_record: Mass, expected: Mass
) -> None:
    """What is held of a record is held whole."""
    assert settling.weight(mass, lane, of_record) is expected
