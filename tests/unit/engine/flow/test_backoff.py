"""The backoff as drawn: within its bounds, and repeatable from a seed."""

from __future__ import annotations

from engine.flow.backoff import delay_s, drawn_s
from engine.model.wait import BackoffLimits, Wait
from tests.unit.engine.stand_ins import seeded

LIMITS = BackoffLimits(1.0, 300.0)


def test_every_moment_of_a_wait_is_alike() -> None:
    """Many that fail at one moment must not come back at one."""
    rng = seeded()
    waits = [drawn_s(Wait(60.0, 72.0), rng) for _ in range(200)]

    assert 60 <= min(waits) < 63
    assert 69 < max(waits) <= 72


def test_what_was_told_is_kept_to_the_second() -> None:
    """Nothing is left to chance there, and no draw is spent on it."""
    rng = seeded(1)

    assert drawn_s(Wait.exactly(30.0), rng) == 30.0
    assert rng.random() == seeded(1).random()


def test_the_same_randomness_gives_the_same_waits() -> None:
    """A simulated failure must be repeatable from its seed."""
    assert delay_s(3, seeded(1), LIMITS) == delay_s(3, seeded(1), LIMITS)
    assert 0 <= delay_s(3, seeded(1), LIMITS) <= 4
