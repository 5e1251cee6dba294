"""The two lanes work travels in: a fresh edit overtakes a bulk backlog."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """Lower is more urgent; the number is what the store sorts by."""

    FRESH = 0
    BACKLOG = 1
