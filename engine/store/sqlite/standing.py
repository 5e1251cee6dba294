"""The store of a service that does not run, for a command that looks into its state or changes it.

Nothing waits here, so whatever is asked of it is done without an event loop: see
`engine.store.places.done`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate

from engine.store import statedir
from engine.store.connections import P, R
from engine.store.mark import Mark
from engine.store.sqlite import rest, statefile
from engine.store.sqlite.troubles import refused

if TYPE_CHECKING:
    from engine.store.sqlite import looked_up, subjects, told


def _subject(module: str, name: str) -> Any:
    """A subject, loaded when it is first asked for: a command that looks asks for one or two."""

    def loaded(store: StandingStore) -> object:
        return getattr(import_module(f"engine.store.sqlite.{module}"), name)(store)

    return cached_property(loaded)


class StandingStore:
    """One connection on one state file."""

    acting: subjects.SqliteActing = _subject("subjects", "SqliteActing")
    refusals: subjects.SqliteRefusals = _subject("subjects", "SqliteRefusals")
    records: subjects.SqliteRecords = _subject("subjects", "SqliteRecords")
    tabs: subjects.SqliteTabs = _subject("subjects", "SqliteTabs")
    people: subjects.SqlitePeople = _subject("subjects", "SqlitePeople")
    claims: subjects.SqliteClaims = _subject("subjects", "SqliteClaims")
    outbox: subjects.SqliteOutbox = _subject("subjects", "SqliteOutbox")
    feeds: subjects.SqliteFeeds = _subject("subjects", "SqliteFeeds")
    fuse: subjects.SqliteFuse = _subject("subjects", "SqliteFuse")
    audit: subjects.SqliteAudit = _subject("subjects", "SqliteAudit")
    awaited: subjects.SqliteAwaited = _subject("subjects", "SqliteAwaited")
    kept: told.SqliteKept = _subject("told", "SqliteKept")
    provenance: subjects.SqliteProvenance = _subject("subjects", "SqliteProvenance")
    dossiers: looked_up.SqliteDossiers = _subject("looked_up", "SqliteDossiers")
    report: told.SqliteReport = _subject("told", "SqliteReport")
    journal: looked_up.SqliteJournal = _subject("looked_up", "SqliteJournal")
    undos: subjects.SqliteUndos = _subject("subjects", "SqliteUndos")

    def __init__(self, connection: sqlite3.Connection, mark: Mark | None = None) -> None:
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
        # Whoever only looks has no use for it.
        from engine.store.sqlite import provenance

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
