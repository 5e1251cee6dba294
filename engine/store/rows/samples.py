"""How far behind the service was, and for how long that is kept."""

from __future__ import annotations

from engine.model.sample import HOUR_S, Sample

# For so long a sample of each minute is kept, and then one of each hour.
MINUTES_KEPT_S = 25 * HOUR_S
HOURS_KEPT_S = 14 * 24 * HOUR_S


def sample(now: float, oldest: float | None, backlog: int | None) -> Sample:
    """This moment.

    Args:
        oldest: since when the oldest change waits; None where none does.
    """
    lag_s = 0 if oldest is None else max(0, int(now - oldest))
    return Sample(int(now), lag_s, backlog or 0)
