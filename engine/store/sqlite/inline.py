"""The store in the caller's own thread: every call runs at once and commits by itself.

It answers as the threaded store does, but nothing depends on the timing of threads. A checkpoint
before each call is where others may go on, and where a caller may be cancelled.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate

from anyio.lowlevel import checkpoint

from engine.store.sqlite import provenance, statedir, statefile
from engine.store.sqlite.connections import P, R
from engine.store.sqlite.mark import Mark
from engine.store.sqlite.subjects import Subjects
from engine.store.sqlite.threaded import refused, unusable


class InlineStore(Subjects):
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
        await checkpoint()
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
        """See `Connections.read`."""
        await checkpoint()
        try:
            return function(self._connection, *args, **kwargs)
        except sqlite3.DatabaseError as error:
            raise unusable("read", error) from error

    async def glance(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.glance`."""
        return await self.read(function, *args, **kwargs)


@asynccontextmanager
async def open_inline(
    path: Path,
    on_commit: Callable[[float], None] | None = None,  # noqa: ARG001 # no commit takes time here
) -> AsyncGenerator[InlineStore]:
    """Open the prepared state file.

    Raises:
        StateUnusable: see `statefile.prepare`.
    """
    statefile.prepare(path)
    with (
        contextlib.closing(statefile.connect(path)) as connection,
        contextlib.closing(Mark(path.with_name(statedir.MARK_NAME))) as mark,
    ):
        yield InlineStore(connection, mark)
