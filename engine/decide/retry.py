"""When what failed is tried again: capped exponential backoff, within bounds for chance. Pure.

Past a few quick tries a record waits a minute, and a little more at random: nothing is tried more
often for long, and nothing later than that once the cause is gone.
"""

from __future__ import annotations

from engine.model.wait import BackoffLimits, Pace, Wait

# So many failures in a row are quick tries.
QUICK_TRIES = 5
# From then on at least so many seconds lie between two tries, and at most so many times that.
SPACING_S = 60.0
SPACING_SPREAD = 1.2
# A pause for trouble that only an operator can end; looked at again after so many seconds.
OPERATOR_PAUSE_S = 60.0


def backoff(attempt: int, limits: BackoffLimits) -> Wait:
    """The wait before the next try: between nothing and min(cap_s, base_s * 2**(attempt - 1)).

    With base_s=1, cap_s=300 the upper bounds are 1, 2, 4, 8 ... and 300 from attempt 10 on.

    Raises:
        ValueError: attempt is below 1; attempt 1 is the first failure.
    """
    if attempt < 1:
        raise ValueError(f"attempt counts from 1, got {attempt}")
    # The exponent is bounded so that a record failing for years cannot overflow a float.
    return Wait(0.0, min(limits.cap_s, limits.base_s * 2.0 ** min(attempt - 1, 60)))


def retry(failures: int, pace: Pace, *, others_succeed: bool = False) -> Wait:
    """The wait until a record is tried again.

    Args:
        failures: of this record in a row, whoever is at fault, this one included.
        others_succeed: the record will be refused before long, if it keeps failing.
    """
    if pace.down:
        # The pauses of the system set the pace.
        return backoff(1, pace.limits)
    if others_succeed or failures <= QUICK_TRIES:
        return backoff(max(1, failures), pace.limits)
    return Wait(SPACING_S, SPACING_S * SPACING_SPREAD)
