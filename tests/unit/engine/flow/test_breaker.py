"""The breaker: what is an outage, how long it pauses, and when it turns out to be none."""

from __future__ import annotations

import pytest

from engine.flow.breaker import FORGOTTEN_S, OUTAGE_FAILURES, PAUSE_MAX_S, Breaker
from engine.model.wait import BackoffLimits
from tests.unit.engine.stand_ins import seeded

SLOW = BackoffLimits(1.0, 3600.0)


def fail(breaker: Breaker, times: int, now: float = 0.0) -> None:
    """So many failures at once."""
    for _ in range(times):
        breaker.failed("timed out", now, SLOW)


def test_no_pause_of_an_outage_is_long() -> None:
    """However long it lasts, its end is noticed within half a minute."""
    breaker, now = Breaker(seeded()), 0.0
    for _ in range(50):
        fail(breaker, OUTAGE_FAILURES, now)
        assert breaker.paused_s(now) <= PAUSE_MAX_S
        now += breaker.paused_s(now)

    assert breaker.down(now)


def test_a_success_ends_outage_and_pause_at_once() -> None:
    """What was sent before the pause may be what shows that there is none needed."""
    breaker = Breaker(seeded())
    fail(breaker, OUTAGE_FAILURES)
    assert breaker.down(0.0)
    assert breaker.paused_s(0.0) > 0

    assert breaker.succeeded(0.0)

    assert not breaker.down(0.0)
    assert breaker.paused_s(0.0) == 0
    assert not breaker.succeeded(0.0)


def test_an_outage_that_was_none_takes_more_to_be_one_again() -> None:
    """Where each request fails once, those that follow must not be held back one by one."""
    breaker = Breaker(seeded(), failures_max=10)
    for bound in (3, 6, 10, 10):
        fail(breaker, bound - 1)
        assert not breaker.down(0.0)
        fail(breaker, 1)
        assert breaker.down(0.0)
        breaker.succeeded(0.0)


@pytest.mark.parametrize("failures_max", [OUTAGE_FAILURES, 96])
def test_an_outage_that_nobody_meets_is_forgotten(failures_max: int) -> None:
    """Nobody may have anything to send any more, and then nobody would find out."""
    breaker = Breaker(seeded(), failures_max)
    fail(breaker, OUTAGE_FAILURES)

    assert breaker.down(FORGOTTEN_S - 1.0)
    assert not breaker.down(FORGOTTEN_S)

    fail(breaker, OUTAGE_FAILURES - 1, FORGOTTEN_S)
    assert not breaker.down(FORGOTTEN_S)
