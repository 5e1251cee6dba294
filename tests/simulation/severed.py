"""The story of the fault sweep in a database, to which the way is cut at transactions of it.

Nothing may come of that: whoever plays it sees the same requests and commits at the same moments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from engine.store.postgres.link import Link
from engine.store.postgres.session import Session
from tests.cutting import Way, way_to
from tests.searching import SEED
from tests.simulation.cuts import Cuts
from tests.simulation.sweep import Points, Told, told
from tests.simulation.tables import Tables, in_postgres

R = TypeVar("R")


class Transaction(NamedTuple):
    """What is done in a database: the first of that kind and name has the number 0."""

    kind: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The message behind which nothing passes.

    Args:
        holding: what is in it.
        arrives: whether it does, and only its answer is lost.
    """

    holding: bytes
    arrives: bool


WRITE, LOOK, CONNECTION = "write", "look", "connection"
SEVERED: Mapping[str, Mapping[str, Cut]] = {
    WRITE: {
        "before it begins": Cut(b"BEGIN", arrives=False),
        "once it has begun": Cut(b"BEGIN", arrives=True),
        "before its commit": Cut(b"COMMIT", arrives=False),
        "behind its commit": Cut(b"COMMIT", arrives=True),
    },
    LOOK: {
        "before it arrives": Cut(b"transaction_read_only", arrives=False),
        "before its answer": Cut(b"transaction_read_only", arrives=True),
    },
    CONNECTION: {
        "before it is used": Cut(b"pg_backend_pid", arrives=False),
        "before its first answer": Cut(b"pg_backend_pid", arrives=True),
    },
}
"""Where the way may be cut, by what is done there."""
WAYS_MAX = max(map(len, SEVERED.values()))


# In one story: each of them takes as long as a few transactions.
CUTS_MAX = 120


class Severed(Cuts):
    """The way is cut at each of these transactions, as the name says that `SEVERED` has.

    Args:
        directory: for the way there.
    """

    def __init__(self, directory: Path, at: Mapping[Transaction, str]) -> None:
        self.seen: list[Transaction] = []
        self._directory = directory
        self._at = at
        self._numbers = Counter[tuple[str, str]]()
        self._open = ExitStack()
        self._way: tuple[Way, str] | None = None

    @property
    def way(self) -> Way:
        """The way that is cut."""
        assert self._way is not None
        return self._way[0]

    def reached(self, server: str) -> str:
        """See `Cuts.reached`."""
        self._way = self._way or self._open.enter_context(way_to(server, self._directory))
        return self._way[1]

    def writing(self, function: Callable[[Session], R]) -> Callable[[Session], R]:
        """See `Cuts.writing`."""
        self._next(WRITE, function.__qualname__)
        return function

    def reading(self, function: Callable[[Session], R]) -> Callable[[Session], R]:
        """See `Cuts.reading`."""
        self._next(LOOK, function.__qualname__)
        return function

    def connected(self, connect: Callable[[], Link]) -> Link:
        """See `Cuts.connected`."""
        self._next(CONNECTION, "")
        link = connect()
        # So that each message holds its statement, and not the name that one has for it.
        link.prepare_threshold = None
        return link

    def close(self) -> None:
        """Nobody takes the way any more."""
        self._open.close()

    def _next(self, kind: str, name: str) -> None:
        one = Transaction(kind, name, self._numbers[kind, name])
        self._numbers[kind, name] += 1
        self.seen.append(one)
        if one not in self._at:
            return
        cut = SEVERED[kind][self._at[one]]
        if cut.arrives:
            self.way.cut_behind = cut.holding
        else:
            self.way.cut_before = cut.holding


@dataclass(frozen=True, slots=True)
class Played:
    """How a story went.

    Args:
        seen: what was done in the database.
        cuts: how often the way was cut.
    """

    told: Told
    seen: Sequence[Transaction]
    cuts: int


def sever(at: Mapping[Transaction, str]) -> Played:
    """Play the story in a database, with the way there cut at these transactions."""
    made: list[Severed] = []

    def keep(directory: Path, aside: Path) -> Tables:
        made.append(Severed(directory.with_name("way"), at))
        return in_postgres(made[0])(directory, aside)

    story = told(Points(), keep)
    [severed] = made
    severed.close()
    return Played(story, severed.seen, severed.way.cuts)


def stories(seen: Sequence[Transaction], *, every: bool) -> list[Mapping[Transaction, str]]:
    """What is cut in each story, and how: each kind of transaction in one way, then in the next.

    Connections apart: what ends a start is noticed.

    Args:
        seen: what there is to be cut.
        every: take every transaction, and not one of its kind.
    """
    kinds = defaultdict[tuple[str, str], list[Transaction]](list)
    for one in seen:
        if one.kind != CONNECTION:
            kinds[one.kind, one.name].append(one)
    told: list[dict[Transaction, str]] = []
    for place in range(WAYS_MAX):
        for first, ((kind, _), alike) in enumerate(kinds.items(), start=SEED):
            ways = list(SEVERED[kind])
            if place < len(ways):
                way = ways[(first + place) % len(ways)]
                for one in alike if every else [alike[place % len(alike)]]:
                    _add(told, one, way)
    return [*told]


def _add(told: list[dict[Transaction, str]], one: Transaction, way: str) -> None:
    """To the first story that has room, and does not cut it otherwise."""
    for story in told:
        if one not in story and len(story) < CUTS_MAX:
            story[one] = way
            return
    told.append({one: way})
