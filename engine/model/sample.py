"""A sample: how far behind the service was at one time."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400
YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment, or the worst of one minute or of one hour.

    Args:
        at: that moment, or its begin; unix seconds.
        lag_s: age of the oldest change that waited.
        backlog: changes that waited.
    """

    at: int
    lag_s: int
    backlog: int
