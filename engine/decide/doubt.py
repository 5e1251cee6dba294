"""Doubt: when a create whose answer was lost is looked for, and what a look proves. Pure.

The same for an opportunity, a role and a prospect: what is found was executed; what would have
shown by now and does not was never executed, and may be sent again; until then it is looked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.intent import Intent

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


@dataclass(frozen=True, slots=True)
class Executed:
    """It is there."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """It may still show: it is looked for again in so many seconds, and not sent before."""

    in_s: float


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """It would have shown by now; nothing of it exists, and it may be sent again."""


Proven = Executed | LookAgain | NotExecuted


def proven(
    intent: Intent,
    *,
    seen: bool,
    began_at: float,
    now: float,
    bound: float,
    can_be_seen: bool = True,
) -> Proven:
    """What a look for a create has proven.

    Args:
        began_at: when the look began, unix seconds; only one that began past the bound proves that
            nothing is there.
        bound: see `bound_s`.
        can_be_seen: False where the target does not look for it at all.
    """
    if seen:
        return Executed()
    # One that was announced and never accounted for is in doubt from this look on.
    since = began_at if intent.doubt_since is None else intent.doubt_since
    if began_at < since + bound:
        return LookAgain(look_in_s(now - since, bound))
    return NotExecuted() if can_be_seen else LookAgain(RESEND_S)


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
