"""What the metrics say of the state."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.lane import Lane
from engine.model.mass_change import Held

# What is due later, in seconds, waits for a time of its own: no worker could take it up sooner.
SOON_S = 600.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """Changes that are not settled; `since` when the oldest of them happened, unix seconds.

    `due` are those whose turn comes soon, the last of them at `due_at`; the others wait for a time
    of their own.
    """

    records: int
    since: float | None
    due: int = 0
    due_at: float | None = None


NOTHING = Backlog(0, None)


@dataclass(frozen=True, slots=True)
class Measured:
    """The state of everything; times in unix seconds.

    `pending` by what is still to be done, and by lane; `in_error` by kind and class of the reason;
    `in_doubt` by what was to be created; `watermarks` by feed.
    """

    pending: dict[tuple[str, Lane], Backlog]
    linked: int
    in_error: dict[tuple[str, str], int]
    lines_held_back: int
    in_doubt: dict[str, int]
    in_doubt_since: float | None
    unproven: int
    proved_at: float | None
    held: Held
    watermarks: dict[str, float]

    def waiting(self, kind: str) -> Backlog:
        """What is still to be done of this kind, in both lanes together."""
        lanes = [self.pending[kind, lane] for lane in Lane]
        since = [one.since for one in lanes if one.since is not None]
        due_at = [one.due_at for one in lanes if one.due_at is not None]
        return Backlog(
            sum(one.records for one in lanes),
            min(since, default=None),
            sum(one.due for one in lanes),
            max(due_at, default=None),
        )
