"""How long to wait after a failure: capped exponential backoff with full jitter."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class BackoffLimits:
    """`base_s` and `cap_s` in seconds."""

    base_s: float
    cap_s: float


def delay_s(attempt: int, rng: Random, limits: BackoffLimits) -> float:
    """Wait before the next try: uniform between 0 and min(cap_s, base_s * 2**(attempt - 1)).

    With base_s=1, cap_s=300 the upper bounds are 1, 2, 4, 8 ... and 300 from attempt 10 on.

    Raises:
        ValueError: attempt is below 1; attempt 1 is the first failure.
    """
    if attempt < 1:
        raise ValueError(f"attempt counts from 1, got {attempt}")
    # The exponent is bounded so that a record failing for years cannot overflow a float.
    bound = min(limits.cap_s, limits.base_s * 2.0 ** min(attempt - 1, 60))
    return rng.uniform(0.0, bound)
