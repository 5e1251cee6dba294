"""Doubt: when to look again for a create whose answer was lost."""

from __future__ import annotations

# First wait before a look; from then on the doubt is four times as old at each look.
FIRST_LOOK_S = 5.0
GROWTH = 4.0
# No wait is shorter, however close the bound is.
SOONEST_S = 0.5


def look_in_s(age_s: float, visibility_s: float) -> float:
    """Seconds until the next look for a create that is in doubt for `age_s` seconds.

    The looks are at ages of 5, 20 and 80 seconds and so on, and at the bound, where an empty answer
    counts for good.

    Args:
        visibility_s: the bound; a target collection may lag behind a write for so long.
    """
    wait_s = max(FIRST_LOOK_S, (GROWTH - 1) * age_s)
    return max(SOONEST_S, min(wait_s, visibility_s - age_s))
