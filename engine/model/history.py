"""A line of history."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A line of history: the decision in one word, and its reason."""

    decision: str
    detail: str
