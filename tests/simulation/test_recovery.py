"""Trouble passes quickly: what a bad minute left behind is made up for soon, by few requests."""

from __future__ import annotations

import pytest

from tests.simulation.fates import Fate, Kind
from tests.simulation.recovery import CREATE, LOOK, READ, FirstAnswers, WritesOut, recovered

# With a bound of 5 seconds within which a collection may lag.
SETTLED_S = 45.0 + 5.0
LOST = {
    "after": Fate(Kind.CUT),
    "before, as 503": Fate(Kind.STATUS_BEFORE, 503),
    "before, unreadable": Fate(Kind.GARBAGE),
    "after, as 502": Fate(Kind.STATUS_AFTER, 502),
}
AWAY = {
    "503": Fate(Kind.STATUS_BEFORE, 503),
    "refused": Fate(Kind.LOST),
    "unreadable": Fate(Kind.GARBAGE),
}


@pytest.mark.parametrize("fate", LOST.values(), ids=LOST.keys())
def test_creates_that_each_lost_an_answer_are_settled_soon(fate: Fate) -> None:
    """Reads succeed all the while, and one of them serves many creates."""
    story = recovered(FirstAnswers(fate), records=40)

    assert story.took_s <= SETTLED_S
    # Nor does it take long to come that far.
    assert story.settled_s <= 120
    assert story.requests[LOOK] <= 15
    executed = fate.kind in (Kind.CUT, Kind.STATUS_AFTER)
    assert story.requests[CREATE] == (40 if executed else 80)


def test_creates_that_each_lost_two_answers_are_settled_soon() -> None:
    """No record is known to be carried out for long, and none is at fault."""
    story = recovered(FirstAnswers(Fate(Kind.STATUS_BEFORE, 503), times=2), records=27)

    assert story.took_s <= SETTLED_S
    assert story.settled_s <= 240


def test_a_few_lost_creates_take_hardly_more_requests_than_they_are() -> None:
    """A look that has room left takes along what will be due soon."""
    story = recovered(FirstAnswers(Fate(Kind.CUT)), records=30)

    assert story.requests[CREATE] == 30
    assert story.requests[LOOK] + story.requests[READ] <= 33


def test_many_lost_creates_take_what_the_limits_allow_and_few_requests() -> None:
    """Each is sent once and read once; to look for them takes hardly anything on top."""
    story = recovered(FirstAnswers(Fate(Kind.CUT)), records=400)

    assert story.requests[CREATE] == 400
    assert story.requests[LOOK] <= 40
    assert story.took_s <= 90


@pytest.mark.parametrize("fate", AWAY.values(), ids=AWAY.keys())
@pytest.mark.parametrize("created", [True, False], ids=["creates", "updates"])
def test_an_outage_of_writes_alone_is_made_up_for_within_a_minute(
    fate: Fate, created: bool
) -> None:
    """Reads that succeed in between must not make everybody wait for everybody."""
    start_s, edit_s = (0.0, None) if created else (30.0, 30.0)
    trouble = WritesOut(fate, start_s, start_s + 15.0)

    story = recovered(trouble, records=14, edit_s=edit_s)

    assert story.settled_s - trouble.end_s <= 60


def test_a_long_outage_of_writes_alone_costs_few_requests_and_passes_as_quickly() -> None:
    """A record is not worn out by it, and nobody hammers."""
    trouble = WritesOut(Fate(Kind.STATUS_BEFORE, 503), 0.0, 600.0)

    story = recovered(trouble, records=14)

    assert story.settled_s - trouble.end_s <= 60
    assert story.requests[CREATE] <= 100
