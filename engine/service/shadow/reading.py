"""Reading the book of a service that only looks, while it runs or when it does not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import StateUnusable
from engine.model.plan import Kind
from engine.model.shadow import Outcome, There, Unsent
from engine.service.planning.files import told
from engine.service.planning.lines import Lines
from engine.service.shadow.book import FILE_NAME, HELD, SINCE
from engine.store import statedir
from engine.store.sqlite import statefile


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is in the book, counted.

    Args:
        since: when it was begun, unix seconds.
        held: so many records the fuse would have held at once, at most.
        kinds: so many of each kind and outcome.
    """

    since: float
    held: int
    kinds: Mapping[tuple[Kind, Outcome], int]

    def of(self, outcome: Outcome) -> int:
        """So many of an outcome."""
        return sum(number for (_, one), number in self.kinds.items() if one is outcome)

    def document(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {
            "since": self.since,
            "fuse_would_hold": self.held,
            "not_done": self.of(Outcome.NOT_DONE),
            "done_by_another": self.of(Outcome.DONE),
            "differs": self.of(Outcome.DIFFERS),
        }


def numbers(connection: sqlite3.Connection) -> Numbers:
    """Count the lines of a book."""
    facts: dict[str, float] = dict(connection.execute("SELECT name, number FROM fact").fetchall())
    rows = connection.execute("SELECT kind, outcome, count(*) FROM line GROUP BY kind, outcome")
    kinds = {(Kind(row[0]), Outcome(row[1])): int(row[2]) for row in rows}
    return Numbers(facts.get(SINCE, 0.0), int(facts.get(HELD, 0)), kinds)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the book and the state beside it."""

    book: sqlite3.Connection
    state: sqlite3.Connection

    def numbers(self) -> Numbers:
        """What is in it, counted."""
        return numbers(self.book)

    def lines(self, outcome: Outcome | None = None) -> Generator[Unsent]:
        """Line by line, those of one record together.

        Args:
            outcome: only these.
        """
        changes = Lines(self.book, self.state)
        rows = self.book.execute(
            "SELECT *, 0 AS held FROM line WHERE ? IS NULL OR outcome = ?"
            " ORDER BY record_type, record_id, seq",
            (outcome, outcome),
        )
        for row in rows:
            there = tuple(There(*one) for one in json.loads(row["there"]))
            yield Unsent(
                row["seq"],
                row["since"],
                changes.change(row),
                Outcome(row["outcome"]),
                row["seen_at"],
                there,
                row["remark"],
            )


def document(unsent: Unsent) -> dict[str, Any]:
    """A line as JSON can carry it."""
    return {
        **told(unsent.change),
        "since": unsent.since,
        "outcome": unsent.outcome,
        "compared_at": unsent.seen_at,
        "there": [asdict(one) for one in unsent.there],
        "remark": unsent.remark,
    }


@contextmanager
def reading(place: Path) -> Generator[Reading | None]:
    """Look into the book in this state directory; None where nothing has run in shadow.

    Raises:
        StateUnusable: it cannot be read.
    """
    path = place / FILE_NAME
    try:
        if not path.exists():
            yield None
            return
        with (
            statedir.entered(place),
            closing(_looked(path)) as book,
            closing(statefile.connect(place / statefile.FILE_NAME, query_only=True)) as state,
        ):
            # One moment for numbers and lines.
            book.execute("BEGIN")
            yield Reading(book, state)
    except (sqlite3.Error, OSError) as error:
        raise StateUnusable(
            f"{path} cannot be read: {error}",
            remedy="run the command as root, or as the service's user",
        ) from error


def _looked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA query_only = ON")
    return connection
