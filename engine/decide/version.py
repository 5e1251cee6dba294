"""Whether a row that the source shows is news, by its version and time. Pure.

Versions count up, so a lower one is either a row that was read before the newer one was known, or
the source was restored from a backup and counts from there again. What was asked for before cannot
tell; what was asked for since can: a later time is no older state, records asked for by id are
shown as they are, and a page of changes that may lag is believed when it says the same again later.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# A page of changes may lag by less than this, seconds.
LAG_S = 10.0


class Seen(Enum):
    """What a row is, beside what is known of its record."""

    NEWS = "a newer state"
    KNOWN = "the state that is known"
    LATE = "an older state, read before the known one or by a listing that lags"
    RESTORED = "another history: the source was set back"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a record; times in unix seconds, `updated_at` by the source's clock.

    `timed` when `updated_at` is that of this very version, which our own write-backs do not learn;
    `known_at` when the version became known; `lower_at` since when a lower one is shown; `told` the
    target id that this very version carries by our own write-back, if we wrote one.
    """

    version: int
    updated_at: int
    timed: bool
    known_at: float
    lower_at: float | None = None
    told: str | None = None


def seen(
    known: Known | None,
    version: int,
    updated_at: int,
    *,
    asked_at: float,
    may_lag: bool,
    carried: str | None = None,
) -> Seen:
    """What a row with this version and time is.

    Args:
        carried: the target id it carries.
        asked_at: when it was asked for, by the clock of `known_at`.
        may_lag: it comes from a page of changes, and was not asked for as it is now.
    """
    if known is None or version > known.version:
        return Seen.NEWS
    if version == known.version:
        # Of a version that is ours and has not been shown yet, what we wrote is known and not when.
        unlike = known.told is not None and carried != known.told
        other = updated_at != known.updated_at if known.timed else unlike
        return Seen.RESTORED if other else Seen.KNOWN
    if asked_at <= known.known_at:
        return Seen.LATE
    if updated_at > known.updated_at or not may_lag:
        return Seen.RESTORED
    again = known.lower_at is not None and asked_at - known.lower_at >= LAG_S
    return Seen.RESTORED if again else Seen.LATE
