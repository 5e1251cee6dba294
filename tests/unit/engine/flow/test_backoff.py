"""The backoff: grows, is capped, and never overflows."""

from __future__ import annotations

import pytest

from engine.flow.backoff import BackoffLimits, delay_s
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
