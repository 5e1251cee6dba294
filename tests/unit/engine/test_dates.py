"""Dates: how far a system's clock is ahead of ours, by what it told lately."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate

from engine.dates import RECENT, Dates

NOON = 1_800_000_000.0


@dataclass
class Passing:
    """A clock that nobody can set, started at noon."""

    passed_s: float = 5.0

    def __call__(self) -> float:
        """Seconds passed."""
        return self.passed_s


def test_a_clock_that_told_nothing_passes_for_right() -> None:
    """What answers bear no date, or none that can be read."""
    dates = Dates(Passing())
    dates.note("outreach", "yesterday")

    assert dates.ahead_s("outreach", NOON) == 0.0


def test_a_clock_is_as_far_ahead_as_its_date_was_and_goes_on() -> None:
    """Of each system by itself."""
    passing = Passing()
    dates = Dates(passing)
    dates.note("outreach", formatdate(NOON + 3600, usegmt=True))
    dates.note("workbooks", formatdate(NOON - 60, usegmt=True))
    passing.passed_s += 100

    assert dates.ahead_s("outreach", NOON + 100) == 3600
    assert dates.ahead_s("workbooks", NOON + 100) == -60
    # Ours has been set back by an hour meanwhile.
    assert dates.ahead_s("outreach", NOON - 3500) == 7200


def test_a_late_answer_makes_no_clock_slow() -> None:
    """Its date is that of the moment at which it was sent."""
    passing = Passing()
    dates = Dates(passing)
    dates.note("outreach", formatdate(NOON, usegmt=True))
    passing.passed_s += 40
    dates.note("outreach", formatdate(NOON + 10, usegmt=True))

    assert dates.ahead_s("outreach", NOON + 40) == 0.0
    assert dates.told() == {"outreach": NOON + 10}


def test_a_clock_that_was_set_right_is_believed_in_the_end() -> None:
    """One wrong date does not stay for as long as the service runs."""
    dates = Dates(Passing())
    dates.note("outreach", formatdate(NOON + 3600, usegmt=True))
    for _ in range(RECENT):
        dates.note("outreach", formatdate(NOON, usegmt=True))

    assert dates.ahead_s("outreach", NOON) == 0.0
