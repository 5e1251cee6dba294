"""The tally: which requests a piece of work sends, or would send.

Whoever is counted is said by a context variable, as the lane of the work in hand is: what a
rehearsal asks of a system goes through the same clients as everybody's requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple


class Counted(NamedTuple):
    """One kind of request."""

    system: str
    method: str
    route: str


@dataclass(slots=True)
class Tally:
    """Requests by kind, and the seconds that those really sent took."""

    counts: Counter[Counted] = field(default_factory=Counter[Counted])
    writes: set[Counted] = field(default_factory=set[Counted])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    sent: Counter[str] = field(default_factory=Counter[str])

    def note_sent(self, kind: Counted, seconds: float) -> None:
        """A request was sent, and took so long."""
        self.counts[kind] += 1
        self.sent[kind.system] += 1
        self.seconds[kind.system] = self.seconds.get(kind.system, 0.0) + seconds

    def note_write(self, kind: Counted) -> None:
        """A request that changes something would be sent."""
        self.writes.add(kind)
        self.counts[kind] += 1

    def note_reading(self, kind: Counted) -> None:
        """A reading would be sent, of something that is not there yet."""
        self.counts[kind] += 1


current_tally: ContextVar[Tally | None] = ContextVar("current_tally", default=None)
"""Where the requests of the work in hand are counted."""


@contextmanager
def counted_by(tally: Tally | None) -> Generator[None]:
    """Requests of the block are counted there; nowhere with None."""
    token = current_tally.set(tally)
    try:
        yield
    finally:
        current_tally.reset(token)
