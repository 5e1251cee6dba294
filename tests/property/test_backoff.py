"""The backoff's bounds, for any limits and any attempt."""

from __future__ import annotations

import math
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.flow.backoff import delay_s
from engine.model.wait import BackoffLimits

SECONDS = st.floats(0.001, 1e6)


@given(attempt=st.integers(1, 10**9), seed=st.integers(), base_s=SECONDS, cap_s=SECONDS)
def test_a_wait_is_finite_and_within_both_bounds(
    attempt: int, seed: int, base_s: float, cap_s: float
) -> None:
    """Neither an overflow nor a wait beyond the cap, however long a record fails."""
    wait = delay_s(attempt, Random(seed), BackoffLimits(base_s, cap_s))  # noqa: S311 # jitter

    assert math.isfinite(wait)
    assert 0 <= wait <= cap_s
    if attempt <= 30:
        assert wait <= base_s * 2.0 ** (attempt - 1)


class Highest(Random):
    """Draws the upper end of every range."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 # the base class has it
        """The upper end."""
        return b


@given(attempt=st.integers(1, 1000), base_s=SECONDS, cap_s=SECONDS)
def test_the_bound_never_falls_from_one_attempt_to_the_next(
    attempt: int, base_s: float, cap_s: float
) -> None:
    """A system in trouble is asked less and less."""
    limits, highest = BackoffLimits(base_s, cap_s), Highest()

    assert delay_s(attempt, highest, limits) <= delay_s(attempt + 1, highest, limits)
