"""The store of a service that does not run, for a command that looks into its state or changes it.

Nothing waits here, so whatever is asked of it is done without an event loop: see
`engine.store.places.done`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate

from engine.store import statedir
from engine.store.connections import P, R
from engine.store.mark import Mark
from engine.store.sqlite import provenance, rest, statefile
from engine.store.sqlite.subjects import Subjects
from engine.store.sqlite.troubles import refused


class StandingStore(Subjects):
    """One connection on one state file."""

    def __init__(self, connection: sqlite3.Connection, mark: Mark | None = None) -> None:
        super().__init__(self)
        self._connection = connection
        self._mark = mark

    @property
    def waiting(self) -> int:
        """Nobody ever waits."""
        return 0

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.write`."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = function(connection, *args, **kwargs)
                counted = provenance.count(connection, 1)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            raise refused(error) from error
        if counted is not None and self._mark is not None:
            self._mark.set(*counted)
        return result

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.read`; what SQLite cannot read is said by who opened the file."""
        return function(self._connection, *args, **kwargs)

    async def watch(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.watch`."""
        return await self.read(function, *args, **kwargs)

    async def glance(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.glance`."""
        return await self.read(function, *args, **kwargs)


@contextmanager
def looking(path: Path) -> Generator[StandingStore]:
    """A store that changes nothing; the service may run beside it.

    Raises:
        StateUnusable: the file cannot be read.
    """
    with (
        _naming(path),
        statedir.entered(path.parent),
        contextlib.closing(statefile.connect(path, query_only=True)) as connection,
    ):
        yield StandingStore(connection)


@contextmanager
def changing(path: Path) -> Generator[StandingStore]:
    """A store to change while no service can start on it.

    Raises:
        StateUnusable: a service holds the state, or it cannot be read or brought up to date.
    """
    with _naming(path), statedir.lease(path.parent), opened(path) as (connection, mark):
        yield StandingStore(connection, mark)


@contextmanager
def opened(path: Path) -> Generator[tuple[sqlite3.Connection, Mark]]:
    """A connection to a prepared state file, and the mark that grows with it.

    Raises:
        StateUnusable: see `statefile.prepare`.
    """
    statefile.prepare(path)
    with (
        contextlib.closing(statefile.connect(path)) as connection,
        contextlib.closing(Mark(path.with_name(statedir.MARK_NAME))) as mark,
    ):
        yield connection, mark
    rest.note(path)


@contextmanager
def _naming(path: Path) -> Generator[None]:
    """What SQLite cannot read, with the file that it is."""
    try:
        yield
    except sqlite3.Error as error:
        raise statefile.unreadable(path, error) from error
