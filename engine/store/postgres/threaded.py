"""The store of the running service: PostgreSQL on threads, commits of many callers grouped."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from typing import Concatenate

import anyio
from anyio.to_thread import run_sync

from engine.errors import StateUnusable
from engine.flow.worktime import STORE_MAX_S, State, spending
from engine.store.connections import P, R
from engine.store.grouping import Groups, Job, run_group
from engine.store.mark import Mark
from engine.store.postgres import together
from engine.store.postgres.lease import Lease
from engine.store.postgres.lent import Lent
from engine.store.postgres.reader import Reader
from engine.store.postgres.session import Session
from engine.store.postgres.subjects import Subjects
from engine.store.postgres.writer import AGAIN_S, Writer

# So many may look at the same time.
READERS = 2
# With whoever writes, one for each.
THREADS = READERS + 1


class ThreadedStore(Subjects):
    """One that writes at a time, and a few that read."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        threads: anyio.CapacityLimiter,
        on_commit: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(self)
        self._writer = writer
        self._reader = reader
        self._reading = anyio.CapacityLimiter(READERS)
        self._threads = threads
        self.groups = Groups(self._commit, on_commit)
        self.glances = Groups(self._glance)

    async def write(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(session, ...)` in a transaction; durable on return.

        A caller cancelled while waiting leaves the work to be done all the same.

        Raises:
            IllegalMove: it would have moved something to where it cannot go.
            StateUnusable: the database refused the commit, or our lease has ended.
        """
        return await self.groups.run(function, *args, **kwargs)

    async def read(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(session, ...)`; sees everything committed so far.

        Raises:
            StateUnusable: the database cannot be read.
        """
        with spending(State.BUSY, STORE_MAX_S):
            async with self._reading:
                return await run_sync(
                    lambda: self._reader.read(function, *args, **kwargs), limiter=self._threads
                )

    async def watch(
        self,
        function: Callable[Concatenate[Session, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """In one look with whatever else is looked at: see `Connections.watch`."""
        return await self.glance(function, *args, **kwargs)

    async def glance(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The same, in one look with all who wait for one: few rows each, but a thread for it."""
        return await self.glances.run(function, *args, **kwargs)

    @property
    def waiting(self) -> int:
        """Writes that wait for the writer."""
        return self.groups.waiting

    async def _glance(self, group: list[Job[Session]]) -> None:
        def look(jobs: list[Job[Session]]) -> None:
            self._reader.read(lambda session: together.run(session, jobs))

        async with self._reading:
            await run_sync(run_group, group, look, StateUnusable, limiter=self._threads)

    async def _commit(self, group: list[Job[Session]]) -> None:
        await run_sync(self._writer.commit, group, limiter=self._threads)


@asynccontextmanager
async def open_store(
    lease: Lease,
    mark: Mark,
    lent: Lent,
    threads: anyio.CapacityLimiter,
    on_commit: Callable[[float], None] | None = None,
) -> AsyncGenerator[ThreadedStore]:
    """Open the prepared state; on exit everything handed over is committed first.

    Args:
        lent: where its connections come from.
        threads: on which it waits for the database, those of other states perhaps as well.
        on_commit: told the seconds each group took.
    """

    def stands() -> bool:
        return lease.stands

    def patient() -> bool:
        lease.pause(AGAIN_S)
        return lease.stands

    writer, reader = Writer(lease, mark, lent), Reader(lease.database, lent, patient, stands)
    with closing(mark):
        store = ThreadedStore(writer, reader, threads, on_commit)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.groups.serve)
            tasks.start_soon(store.glances.serve)
            try:
                yield store
            finally:
                store.groups.close()
                store.glances.close()
