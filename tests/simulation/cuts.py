"""Where the way to a database is cut, which nobody may notice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

import psycopg

from engine.store.postgres.link import Link
from engine.store.postgres.session import Session

R = TypeVar("R")

# So often it is cut: of all transactions, and of the answers to commits.
CUT = 0.005
CUTTING = "SELECT pg_terminate_backend(pg_backend_pid())"


class Cuts:
    """Nowhere."""

    def reached(self, server: str) -> str:
        """The connection string of those who take the way that is cut."""
        return server

    def writing(self, function: Callable[[Session], R]) -> Callable[[Session], R]:
        """The function, in a transaction that may be cut off."""
        return function

    def reading(self, function: Callable[[Session], R]) -> Callable[[Session], R]:
        """The function, in a look that may be cut off."""
        return function

    def committed(self, connection: psycopg.Connection[Any]) -> None:
        """Something was committed, and nobody has been told yet."""

    def connected(self, connect: Callable[[], Link]) -> Link:
        """A connection, unless it is cut as well."""
        return connect()


class Drawn(Cuts):
    """Now and then: in a transaction, or behind a commit whose answer is not heard."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def writing(self, function: Callable[[Session], R]) -> Callable[[Session], R]:
        """See `Cuts.writing`: cut off in its first statement, once."""
        due = self._drawn()

        def cut(session: Session) -> R:
            nonlocal due
            if due:
                due = False
                session.execute(CUTTING).fetchone()
            return function(session)

        return cut

    def reading(self, function: Callable[[Session], R]) -> Callable[[Session], R]:
        """See `Cuts.reading`."""
        return self.writing(function)

    def committed(self, connection: psycopg.Connection[Any]) -> None:
        """See `Cuts.committed`."""
        if self._drawn():
            connection.execute(CUTTING)

    def _drawn(self) -> bool:
        return self._rng.random() < CUT
