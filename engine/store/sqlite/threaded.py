"""The store of the running service: SQLite on threads of its own, commits of many callers grouped.

A group of writes is one transaction (see `engine.store.grouping`). Behind a savepoint for each,
SQLite would copy every page that a statement changes into a temporary file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Concatenate, cast

import aiosqlite
import anyio

from engine.flow.worktime import STORE_MAX_S, State, spending
from engine.store import statedir
from engine.store.connections import P, R
from engine.store.grouping import Groups, Job, JobFailed, run_group
from engine.store.mark import Mark
from engine.store.sqlite import provenance, rest, statefile
from engine.store.sqlite.subjects import Subjects
from engine.store.sqlite.troubles import refused, unusable


class _Thread(aiosqlite.Connection):
    """aiosqlite's connection thread, also able to run a whole function of the connection."""

    async def run(self, job: Callable[[sqlite3.Connection], R]) -> R:
        return cast("R", await self._execute(job, self._conn))  # pyright: ignore[reportUnknownMemberType] # untyped upstream


class ThreadedStore(Subjects):
    """One writer and one reader connection on one state file."""

    def __init__(
        self,
        writer: _Thread,
        reader: _Thread,
        beside: sqlite3.Connection,
        mark: Mark,
        on_commit: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(self)
        self._mark = mark
        self._writer = writer
        self._reader = reader
        self._beside = beside
        # Nothing has gone wrong that might lie in the file.
        self.sound = True
        self.groups = Groups(self._commit, on_commit)

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run `function(connection, ...)` in a transaction; durable on return.

        A caller cancelled while waiting leaves the work to be done all the same.

        Raises:
            IllegalMove: it would have moved something to where it cannot go.
            StateUnusable: the disk refused the commit.
        """
        try:
            return await self.groups.run(function, *args, **kwargs)
        except sqlite3.DatabaseError as error:
            self.sound = False
            raise refused(error) from error

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run `function(connection, ...)` on the reader; sees everything committed so far.

        Raises:
            StateUnusable: the file cannot be read.
        """
        try:
            with spending(State.BUSY, STORE_MAX_S):
                return await self._reader.run(
                    lambda connection: function(connection, *args, **kwargs)
                )
        except sqlite3.DatabaseError as error:
            self.sound = False
            raise unusable("read", error) from error

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
        """Run `function(connection, ...)` in the caller's thread; sees everything committed so far.

        Raises:
            StateUnusable: the file cannot be read.
        """
        try:
            return function(self._beside, *args, **kwargs)
        except sqlite3.DatabaseError:
            # Nobody waits for a file that is locked for a moment but the reader.
            return await self.read(function, *args, **kwargs)

    @property
    def waiting(self) -> int:
        """Writes that wait for the writer."""
        return self.groups.waiting

    async def _commit(self, group: list[Job[sqlite3.Connection]]) -> None:
        await self._writer.run(
            lambda connection: run_group(
                group, partial(_run_together, connection, self._mark), sqlite3.Error
            )
        )


def _run_together(
    connection: sqlite3.Connection, mark: Mark, group: list[Job[sqlite3.Connection]]
) -> None:
    """Run and commit them, and have the mark repeat what the state counts.

    Raises:
        sqlite3.Error: the disk refused the transaction, and nothing of it is kept.
        JobFailed: one of them failed, and nothing is kept.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in group:
            try:
                job.result = job.run(connection)
            except Exception as error:
                raise JobFailed from error
        counted = provenance.count(connection, len(group))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if counted is not None:
        mark.set(*counted)


@asynccontextmanager
async def open_store(
    path: Path, on_commit: Callable[[float], None] | None = None, *, durable: bool = True
) -> AsyncGenerator[ThreadedStore]:
    """Open the prepared state file; on exit everything handed over is committed first.

    Args:
        on_commit: told the seconds each group took.
        durable: see `statefile.connect`.

    Raises:
        StateUnusable: see `statefile.prepare`.
    """
    statefile.prepare(path)
    mark, sound = Mark(path.with_name(statedir.MARK_NAME)), False
    async with (
        _connected(_Thread(lambda: statefile.connect(path, durable=durable), 64)) as writer,
        _connected(_Thread(lambda: statefile.connect(path, query_only=True), 64)) as reader,
    ):
        with closing(statefile.connect(path, query_only=True)) as beside:
            beside.execute("PRAGMA busy_timeout = 0")
            store = ThreadedStore(writer, reader, beside, mark, on_commit)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.groups.serve)
                try:
                    yield store
                finally:
                    store.groups.close()
            sound = store.sound
    if sound:
        rest.note(path)


@asynccontextmanager
async def _connected(thread: _Thread) -> AsyncGenerator[_Thread]:
    """The thread while it is connected; it is closed even when everything around is cancelled."""
    await thread
    try:
        yield thread
    finally:
        with anyio.CancelScope(shield=True):
            await thread.close()
