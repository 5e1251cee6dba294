"""A line of history."""

from __future__ import annotations

from dataclasses import dataclass

# The decision about a record that may not be synced as it stands, and its reasons.
LEFT_OUT = "left out"
HIDDEN = "the record is deleted, or hidden from our user"
NOT_SHOWN = "the source does not show it among the eligible records any more"


@dataclass(frozen=True, slots=True)
class Note:
    """A line of history: the decision in one word, and its reason."""

    decision: str
    detail: str
