"""The store of the running service: SQLite on threads of its own, commits of many callers grouped.

Callers hand over functions of one connection. A write function runs whole inside one
transaction; all that wait at the same moment share it and its commit. Where one of them fails, the
transaction is undone and each is run again in one of its own, so that one caller's error undoes one
caller's work only: a write function depends on the connection and its arguments alone. (Behind a
savepoint for each, SQLite would copy every page that a statement changes into a temporary file.)
When `write` returns, the work is on disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, cast

import aiosqlite
import anyio

from engine.flow.worktime import STORE_MAX_S, State, spending
from engine.runs import Spent, spent
from engine.store.sqlite import provenance, rest, statedir, statefile
from engine.store.sqlite.connections import P, R
from engine.store.sqlite.mark import Mark
from engine.store.sqlite.subjects import Subjects
from engine.store.sqlite.troubles import refused, unusable

GROUP_MAX = 256


class _Thread(aiosqlite.Connection):
    """aiosqlite's connection thread, also able to run a whole function of the connection."""

    async def run(self, job: Callable[[sqlite3.Connection], R]) -> R:
        return cast("R", await self._execute(job, self._conn))  # pyright: ignore[reportUnknownMemberType] # untyped upstream


@dataclass(slots=True, eq=False)
class _Job:
    """A write function with its arguments, and what became of it.

    Args:
        counted: where the requests are counted that its lines of history take note of.
    """

    run: Callable[[sqlite3.Connection], Any]
    counted: Spent | None
    requests: int = field(init=False)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: Any = None
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self.requests = 0 if self.counted is None else self.counted.requests

    def undone(self) -> None:
        """It is to be run again: what it took note of is to be noted again."""
        if self.counted is not None:
            self.counted.requests = self.requests


class _JobFailed(Exception):
    """One of a group raised the error behind this."""


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
        self._on_commit = on_commit
        # Nothing has gone wrong that might lie in the file.
        self.sound = True
        self._queue: list[_Job] = []
        self._work = anyio.Event()
        self._closing = False

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
        # On its thread the job knows what its caller does: in which run it writes.
        context = copy_context()
        job = _Job(
            lambda connection: context.run(function, connection, *args, **kwargs), spent.get()
        )
        self._queue.append(job)
        self._work.set()
        with spending(State.BUSY, STORE_MAX_S):
            await job.done.wait()
        if isinstance(job.error, sqlite3.DatabaseError):
            self.sound = False
            raise refused(job.error) from job.error
        if job.error is not None:
            raise job.error
        return job.result

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
        return len(self._queue)

    def close(self) -> None:
        """Commit what was handed over, then stop."""
        self._closing = True
        self._work.set()

    async def commit_groups(self) -> None:
        """Commit for as long as the store is open; a cancelled caller does not cut this short."""
        with anyio.CancelScope(shield=True):
            while self._queue or not self._closing:
                await self._work.wait()
                self._work = anyio.Event()
                while self._queue:
                    group, self._queue = self._queue[:GROUP_MAX], self._queue[GROUP_MAX:]
                    await self._commit(group)

    async def _commit(self, group: list[_Job]) -> None:
        started = anyio.current_time()
        await self._writer.run(lambda connection: _run_group(connection, group, self._mark))
        for job in group:
            job.done.set()
        if self._on_commit is not None:
            self._on_commit(anyio.current_time() - started)


def _run_group(connection: sqlite3.Connection, group: list[_Job], mark: Mark) -> None:
    """Run them in one transaction; where one of them fails, each in one of its own."""
    try:
        counted = _run_together(connection, group)
    except sqlite3.Error as error:
        for job in group:
            job.error = error
    except _JobFailed as failed:
        if len(group) == 1:
            group[0].error = failed.__cause__
            return
        for job in group:
            job.undone()
            _run_group(connection, [job], mark)
    else:
        if counted is not None:
            mark.set(*counted)


def _run_together(connection: sqlite3.Connection, group: list[_Job]) -> tuple[str, int] | None:
    """Run and commit them; returns what the mark is to repeat.

    Raises:
        sqlite3.Error: the disk refused the transaction, and nothing of it is kept.
        _JobFailed: one of them failed, and nothing is kept.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in group:
            try:
                job.result = job.run(connection)
            except Exception as error:
                raise _JobFailed from error
        counted = provenance.count(connection, len(group))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return counted


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
                tasks.start_soon(store.commit_groups)
                try:
                    yield store
                finally:
                    store.close()
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
