"""When what failed is tried again: bounds that grow, are capped, and never overflow."""

from __future__ import annotations

import pytest

from engine.decide.doubt import resend_after_s
from engine.decide.retry import QUICK_TRIES, SPACING_S, SPACING_SPREAD, backoff, retry
from engine.model.wait import BackoffLimits, Pace, Wait

LIMITS = BackoffLimits(1.0, 300.0)
AT_WORK = Pace(LIMITS, down=False)
A_MINUTE = Wait(SPACING_S, SPACING_S * SPACING_SPREAD)


@pytest.mark.parametrize(("attempt", "bound"), [(1, 1), (2, 2), (4, 8), (10, 300), (10_000, 300)])
def test_a_wait_lies_between_nothing_and_its_bound(attempt: int, bound: float) -> None:
    """A record that fails for years must neither overflow nor wait for years."""
    assert backoff(attempt, LIMITS) == Wait(0.0, bound)


def test_attempts_count_from_one() -> None:
    """Zero is a caller's mistake, and half a second would hide it."""
    with pytest.raises(ValueError, match="counts from 1"):
        backoff(0, LIMITS)


@pytest.mark.parametrize(
    ("failures", "pace", "others_succeed", "wait"),
    [
        # Most trouble passes in seconds.
        (0, AT_WORK, False, Wait(0.0, 1.0)),
        (1, AT_WORK, False, Wait(0.0, 1.0)),
        (QUICK_TRIES, AT_WORK, False, Wait(0.0, 16.0)),
        # One bad record must not spend the hourly allowance at night.
        (QUICK_TRIES + 1, AT_WORK, False, A_MINUTE),
        (10_000, AT_WORK, False, A_MINUTE),
        (QUICK_TRIES + 1, Pace(BackoffLimits(0.05, 0.2), down=False), False, A_MINUTE),
        # It is refused before long, if it keeps failing.
        (QUICK_TRIES + 1, AT_WORK, True, Wait(0.0, 32.0)),
        # A record that probed it for an hour must not wait a minute more at its end.
        (99, Pace(LIMITS, down=True), False, Wait(0.0, 1.0)),
        (99, Pace(LIMITS, down=True), True, Wait(0.0, 1.0)),
    ],
)
def test_past_a_few_quick_tries_a_record_waits_a_minute(
    failures: int, pace: Pace, others_succeed: bool, wait: Wait
) -> None:
    """Unless the system as a whole is down, whose pauses set the pace."""
    assert retry(failures, pace, others_succeed=others_succeed) == wait


def test_quick_tries_are_over_within_a_minute() -> None:
    """However chance draws them."""
    assert sum(retry(one, AT_WORK).most_s for one in range(1, QUICK_TRIES + 1)) < SPACING_S


def test_a_create_that_keeps_getting_lost_is_sent_ever_less_often() -> None:
    """Its first loss is made up for at once."""
    ages = [resend_after_s(sent) for sent in (0, 1, 2, 3, 4, 99)]
    assert ages == [0.0, 0.0, 10.0, 30.0, SPACING_S, SPACING_S]
