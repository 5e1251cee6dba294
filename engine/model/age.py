"""The age of a state, once it is in question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aged:
    """The state is older than the world, or may be.

    `at` is when that was noticed, unix seconds. What another life of this state did is `since` past
    at the latest: at `at` itself where it is certain that there was one.
    """

    at: float
    since: float
    reason: str
