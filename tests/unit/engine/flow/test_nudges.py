"""Nudges: at once, many as one, at a distance, and never more than a steady rate."""

from __future__ import annotations

import math
from itertools import pairwise

from engine.flow.nudges import EARNED_EVERY_S, GAP_S, SAVED_MAX, Nudges


def nudged_all_the_time(seconds: float) -> list[float]:
    """When looks begin for somebody who nudges ten times a second."""
    nudges, looks = Nudges(), list[float]()
    for tick in range(int(seconds * 10)):
        now = tick / 10
        nudges.ask()
        if nudges.look_in_s(now) <= 0:
            nudges.looks(now)
            looks.append(now)
    return looks


def test_nobody_nudges_and_nothing_is_due() -> None:
    """The interval alone decides then."""
    assert Nudges().look_in_s(0) == math.inf


def test_a_nudge_is_due_at_once_and_is_served_by_the_look_that_follows() -> None:
    """However many they were."""
    nudges = Nudges()
    for _ in range(1000):
        nudges.ask()
    assert nudges.look_in_s(5) == 0
    nudges.looks(5)
    assert nudges.look_in_s(5) == math.inf


def test_a_nudge_during_a_look_asks_for_another_one() -> None:
    """What was edited meanwhile may stand behind the page that is being read."""
    nudges = Nudges()
    nudges.looks(0)
    nudges.ask()
    assert nudges.look_in_s(0.25) == GAP_S - 0.25


def test_looks_keep_their_distance_and_their_rate() -> None:
    """A source that nudges for every field of every record must not be polled to its knees."""
    looks = nudged_all_the_time(600)

    gaps = [later - former for former, later in pairwise(looks)]
    assert min(gaps) >= GAP_S - 1e-9
    assert len(looks) <= SAVED_MAX + 1 + 600 / EARNED_EVERY_S
    assert len(looks) >= 600 / EARNED_EVERY_S


def test_looks_that_nobody_asked_for_spend_nothing() -> None:
    """The poll of the interval goes on as it was."""
    nudges = Nudges()
    for second in range(100):
        nudges.looks(second)
    nudges.ask()
    assert nudges.look_in_s(99 + GAP_S) == 0


def test_a_clock_that_stands_still_or_goes_back_saves_nothing_up() -> None:
    """Steady clocks do not, but nothing may be given away if one did."""
    nudges = Nudges()
    for _ in range(int(SAVED_MAX)):
        nudges.ask()
        nudges.looks(50)
    nudges.ask()
    assert nudges.look_in_s(40) >= GAP_S
