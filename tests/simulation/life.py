"""The life of one simulated process: when it ends, nothing it does has an effect any more.

The dead-man's switch sits in the store and in the transports. Death strikes at an *instant*: just
before a request leaves, after it was carried out and before its answer is read, before a commit,
after a commit. What lies on disk at that moment is kept aside and is what the next process finds.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from engine.store.port.store import Store
from engine.store.sqlite import statedir, statefile
from engine.store.sqlite.inline import InlineStore
from engine.store.sqlite.mark import Mark
from engine.store.sqlite.place import StateFile
from engine.store.sqlite.subjects import Subjects
from tests import fresh
from tests.simulation.trace import Trace

P = ParamSpec("P")
R = TypeVar("R")

SUFFIXES = ("", "-wal", "-shm")


class ProcessDied(BaseException):
    """The process is no more; whoever still runs in it must not get anywhere."""


class Life:
    """One process, from its start to its death.

    Args:
        state: the state file, kept aside at the moment of death.
    """

    def __init__(self, state: Path, trace: Trace) -> None:
        self.dead = False
        self.died = asyncio.Event()
        self._state = state
        self._trace = trace
        self._instants_left: int | None = None

    def arm(self, instants: int) -> None:
        """Let it die after so many more instants."""
        self._instants_left = instants

    def check(self) -> None:
        """Go on only while alive.

        Raises:
            ProcessDied: it is not.
        """
        if self.dead:
            raise ProcessDied

    def instant(self, where: str) -> None:
        """A moment at which death may strike.

        Raises:
            ProcessDied: it struck, now or before.
        """
        self.check()
        if self._instants_left is None:
            return
        if self._instants_left > 0:
            self._instants_left -= 1
            return
        self._trace.note("death", where)
        self.dead = True
        for suffix in SUFFIXES:
            path = self._state.with_name(self._state.name + suffix)
            if path.exists():
                shutil.copyfile(path, _aside(path))
        self.died.set()
        raise ProcessDied

    def bury(self) -> None:
        """Put back on disk what was there at the moment of death."""
        self._state.parent.mkdir(exist_ok=True)
        for suffix in SUFFIXES:
            path = self._state.with_name(self._state.name + suffix)
            path.unlink(missing_ok=True)
            if _aside(path).exists():
                _aside(path).replace(path)


def _aside(path: Path) -> Path:
    return path.parent.with_name(f"{path.name}.aside")


class MortalStore(Subjects):
    """A store that stops working when its process dies."""

    def __init__(self, inner: InlineStore, life: Life, trace: Trace) -> None:
        super().__init__(self)
        self._inner = inner
        self._life = life
        self._trace = trace

    @property
    def waiting(self) -> int:
        """See `Connections.waiting`."""
        return self._inner.waiting

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.write`."""
        life, name = self._life, function.__qualname__

        def alive(connection: sqlite3.Connection) -> R:
            life.instant(f"before the commit of {name}")
            return function(connection, *args, **kwargs)

        life.check()
        result = await self._inner.write(alive)
        self._trace.note("commit", name)
        life.instant(f"after the commit of {name}")
        return result

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.read`."""
        self._life.check()
        result = await self._inner.read(function, *args, **kwargs)
        self._life.check()
        return result

    async def glance(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.glance`."""
        return await self.read(function, *args, **kwargs)


@dataclass(frozen=True)
class MortalState(StateFile):
    """The state of one process, opened in its own thread."""

    life: Life
    trace: Trace

    def open(
        self,
        on_commit: Callable[[float], None] | None = None,  # noqa: ARG002 # no commit takes time
    ) -> AbstractAsyncContextManager[Store]:
        """See `Place.open`."""
        return self._opened(self.path)

    @asynccontextmanager
    async def _opened(self, path: Path) -> AsyncGenerator[Store]:
        fresh.prepare(path)
        with (
            closing(statefile.connect(path)) as connection,
            closing(Mark(path.with_name(statedir.MARK_NAME))) as mark,
        ):
            # A killed process loses nothing it wrote; only a power loss would.
            connection.execute("PRAGMA synchronous = OFF")
            yield MortalStore(InlineStore(connection, mark), self.life, self.trace)
