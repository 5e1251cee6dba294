"""A line of history."""

from __future__ import annotations

from dataclasses import dataclass

# The decision about a record that may not be synced as it stands.
LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Note:
    """A line of history: the decision in one word, and its reason."""

    decision: str
    detail: str
