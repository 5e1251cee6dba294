"""Doubt: when a create whose answer was lost is looked for, and when it is decided. Pure."""

from __future__ import annotations

import math

# First wait before a look; from then on the doubt is four times as old at each look.
FIRST_LOOK_S = 5.0
GROWTH = 4.0
# No wait is shorter, however close the bound is.
SOONEST_S = 0.5
# Looks are put off by up to this part of their wait, to times that many of them share: one request
# then serves them all.
SHARED_PART = 0.5
SHARED_MAX_S = 5.0
# Seconds before a create is sent again, by how often it was sent: the first that is lost is no sign
# that the next one will be.
RESENDS_S = (0.0, 10.0, 30.0)
# From then on at least so many seconds lie between two creates.
RESEND_S = 60.0


def look_in_s(age_s: float, visibility_s: float) -> float:
    """Seconds until the next look for a create that is in doubt for `age_s` seconds.

    The looks are at ages of 5, 20 and 80 seconds and so on, and at the bound, where an empty answer
    counts for good.

    Args:
        visibility_s: the bound; a target collection may lag behind a write for so long.
    """
    wait_s = max(FIRST_LOOK_S, (GROWTH - 1) * age_s)
    return max(SOONEST_S, min(wait_s, visibility_s - age_s))


def shared_time(now: float, wait_s: float) -> float:
    """When to look that would be due in `wait_s` seconds: a little later, as others do too."""
    step_s = min(SHARED_PART * wait_s, SHARED_MAX_S)
    return math.ceil((now + wait_s) / step_s) * step_s


def resend_after_s(sent: int) -> float:
    """Least age in seconds of a doubt about a create that was sent so often, before one more."""
    return RESENDS_S[max(1, sent) - 1] if sent <= len(RESENDS_S) else RESEND_S


def bound_s(visibility_s: float, sent: int) -> float:
    """At which age in seconds a doubt about a create that was sent so often is decided.

    However soon it would show: a create that keeps getting lost is sent ever less often.

    Args:
        visibility_s: a target collection may lag behind a write for so long.
    """
    return max(visibility_s, resend_after_s(sent))
