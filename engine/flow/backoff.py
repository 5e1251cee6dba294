"""How long to wait after a failure: capped exponential backoff with full jitter.

Past a few quick tries a record waits a minute, and a little more at random: nothing is tried more
often for long, and nothing later than that once the cause is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

# So many failures in a row are quick tries.
QUICK_TRIES = 5
# From then on at least so many seconds lie between two tries, and at most so many times that.
SPACING_S = 60.0
SPACING_SPREAD = 1.2


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


def retry_in_s(
    failures: int, rng: Random, limits: BackoffLimits, *, others_succeed: bool, down: bool
) -> float:
    """Seconds until a record is tried again.

    Args:
        failures: of this record in a row, whoever is at fault, this one included.
        others_succeed: the record will be flagged before long, if it keeps failing.
        down: the system as a whole is in an outage, and its pauses set the pace.
    """
    if down:
        return delay_s(1, rng, limits)
    if others_succeed or failures <= QUICK_TRIES:
        return delay_s(max(1, failures), rng, limits)
    return rng.uniform(SPACING_S, SPACING_S * SPACING_SPREAD)
