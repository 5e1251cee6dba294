"""Facts that are kept, in the engine's terms."""

from __future__ import annotations

import json
from collections.abc import Iterable

from engine.errors import StateUnusable

# Before the name of a feed: which of its records carry a time ahead of the source's clock.
AHEAD = "ahead_of_clock."
# When this pair was first started on, unix seconds.
WORKED = "worked_since"


def clock_notes(kept: Iterable[str], skew_s: float) -> list[str]:
    """What is to be told of the source's clocks, a line each.

    Args:
        kept: what is kept under AHEAD, a feed each.
        skew_s: how far the source's clocks were seen to differ.
    """
    ahead: dict[str, float] = {name: by_s for value in kept for name, by_s in json.loads(value)}
    lines = [
        f"{name} carries a time {by_s:.0f} s ahead of the source's clock"
        for name, by_s in ahead.items()
    ]
    if skew_s:
        lines.append(f"the clocks of the source's servers differ by {skew_s:.0f} s or more")
    return lines


def another_pair(known: str, pair: str) -> StateUnusable:
    """The refusal of a state that belongs to another pair of systems than this one."""
    return StateUnusable(
        f"this state belongs to {known}, the configuration names {pair}",
        remedy="use another [service] state_dir (state_schema in a database) for another pair of"
        " systems; if an address merely changed its spelling, restore it or start with an empty"
        " state",
    )
