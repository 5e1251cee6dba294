"""What the metrics say of the state."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.mass_change import Held


@dataclass(frozen=True, slots=True)
class Backlog:
    """Changes that are not settled; `since` when the oldest of them happened, unix seconds."""

    records: int
    since: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The state of everything; times in unix seconds.

    `pending` by what is still to be done; `in_error` by kind and class of the reason; `in_doubt`
    by what was to be created; `watermarks` by feed.
    """

    pending: dict[str, Backlog]
    linked: int
    in_error: dict[tuple[str, str], int]
    lines_held_back: int
    in_doubt: dict[str, int]
    in_doubt_since: float | None
    unproven: int
    proved_at: float | None
    held: Held
    watermarks: dict[str, float]
