"""The backoff: grows, is capped, and never overflows."""

from __future__ import annotations

import pytest

from engine.decide.doubt import resend_after_s
from engine.flow.backoff import (
    QUICK_TRIES,
    SPACING_S,
    SPACING_SPREAD,
    BackoffLimits,
    delay_s,
    retry_in_s,
)
from tests.unit.engine.stand_ins import seeded

LIMITS = BackoffLimits(1.0, 300.0)


@pytest.mark.parametrize(("attempt", "bound"), [(1, 1), (2, 2), (4, 8), (10, 300), (10_000, 300)])
def test_a_wait_lies_between_nothing_and_its_bound(attempt: int, bound: float) -> None:
    """A record that fails for years must neither overflow nor wait for years."""
    rng = seeded()
    waits = [delay_s(attempt, rng, LIMITS) for _ in range(200)]

    assert 0 <= min(waits) < bound / 4
    assert bound * 3 / 4 < max(waits) <= bound


def test_the_same_randomness_gives_the_same_waits() -> None:
    """A simulated failure must be repeatable from its seed."""
    assert delay_s(3, seeded(1), LIMITS) == delay_s(3, seeded(1), LIMITS)


def test_attempts_count_from_one() -> None:
    """Zero is a caller's mistake, and half a second would hide it."""
    with pytest.raises(ValueError, match="counts from 1"):
        delay_s(0, seeded(), LIMITS)


@pytest.mark.parametrize("failures", [QUICK_TRIES + 1, 20, 10_000])
@pytest.mark.parametrize("limits", [BackoffLimits(1.0, 300.0), BackoffLimits(0.05, 0.2)])
def test_past_a_few_quick_tries_a_record_waits_a_minute(
    failures: int, limits: BackoffLimits
) -> None:
    """One bad record must not spend the hourly allowance at night."""
    for seed in range(200):
        wait = retry_in_s(failures, seeded(seed), limits, others_succeed=False, down=False)
        assert SPACING_S <= wait <= SPACING_S * SPACING_SPREAD


def test_a_few_quick_tries_come_first() -> None:
    """Most trouble passes in seconds."""
    waits = [
        retry_in_s(one, seeded(one), BackoffLimits(1.0, 300.0), others_succeed=False, down=False)
        for one in range(1, QUICK_TRIES + 1)
    ]
    assert sum(waits) < SPACING_S


def test_in_an_outage_the_pauses_of_the_system_set_the_pace() -> None:
    """A record that probed it for an hour must not wait a minute more at its end."""
    limits = BackoffLimits(1.0, 300.0)
    assert retry_in_s(99, seeded(1), limits, others_succeed=False, down=True) <= limits.base_s


def test_a_create_that_keeps_getting_lost_is_sent_ever_less_often() -> None:
    """Its first loss is made up for at once."""
    ages = [resend_after_s(sent) for sent in (0, 1, 2, 3, 4, 99)]
    assert ages == [0.0, 0.0, 10.0, 30.0, SPACING_S, SPACING_S]
