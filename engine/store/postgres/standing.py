"""The store of a service that does not run, for a command that looks into its state or changes it.

Nothing waits here, so whatever is asked of it is done without an event loop: see
`engine.store.places.done`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Concatenate

from engine.errors import StateUnusable
from engine.store.connections import P, R
from engine.store.grouping import Job
from engine.store.postgres.reader import Reader
from engine.store.postgres.session import Session
from engine.store.postgres.subjects import Subjects
from engine.store.postgres.writer import Writer


class StandingStore(Subjects):
    """One connection to look, and one to write if it may."""

    def __init__(self, reader: Reader, writer: Writer | None = None) -> None:
        super().__init__(self)
        self._reader = reader
        self._writer = writer

    @property
    def waiting(self) -> int:
        """Nobody ever waits."""
        return 0

    async def write(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.write`."""
        if self._writer is None:
            raise StateUnusable("this store changes nothing", remedy="report this defect")
        job = Job[Session](lambda session: partial(function, session)(*args, **kwargs))
        self._writer.commit([job])
        if job.error is not None:
            raise job.error
        return job.result

    async def read(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.read`."""
        return self._reader.read(function, *args, **kwargs)

    async def watch(
        self,
        function: Callable[Concatenate[Session, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.watch`."""
        return await self.read(function, *args, **kwargs)

    async def glance(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.glance`."""
        return self._reader.read(function, *args, **kwargs)
