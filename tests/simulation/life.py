"""The life of one simulated process: when it ends, nothing it does has an effect any more.

The dead-man's switch sits in the store and in the transports. Death strikes at an *instant*: just
before a request leaves, after it was carried out and before its answer is read, before a commit,
after a commit. What is kept of the state at that moment is what the next process finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Generic, TypeVar

from engine.store.connections import Connections, P, R
from tests.simulation.trace import Trace

C = TypeVar("C")


class ProcessDied(BaseException):
    """The process is no more; whoever still runs in it must not get anywhere."""


class Life:
    """One process, from its start to its death.

    Args:
        at_death: done at the moment of death.
    """

    def __init__(self, trace: Trace, at_death: Callable[[], None]) -> None:
        self.dead = False
        self.died = asyncio.Event()
        self._trace = trace
        self._at_death = at_death
        self._instants_left: int | None = None
        # Whether it cannot reach what keeps its state; and how far its clocks are behind, because
        # they have stood still with it.
        self.cut_off = False
        self.slept_s = 0.0
        self._freezing: tuple[str, int] | None = None
        self._goes_on = asyncio.Event()
        self._goes_on.set()

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
        self._at_death()
        self.died.set()
        raise ProcessDied

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return not self._goes_on.is_set()

    def freeze_at(self, where: str, after: int) -> None:
        """Let it stand still where it waits for something, at such a place, but for so many."""
        self._freezing = where, after

    def thaw(self) -> None:
        """Let it go on, wherever it stands."""
        self._freezing = None
        self._goes_on.set()

    async def halt(self, where: str) -> None:
        """A place at which it may stand still, for as long as somebody wants."""
        if self._freezing is not None and self._freezing[0] in where:
            wanted, left = self._freezing
            self._freezing = wanted, left - 1
            if left <= 0:
                self._trace.note("freeze", where)
                self._freezing = None
                self._goes_on.clear()
        if self.frozen:
            await self._goes_on.wait()


class Mortal(Generic[C]):
    """How statements reach a state for as long as the process lives."""

    def __init__(self, inner: Connections[C], life: Life, trace: Trace) -> None:
        self._inner = inner
        self._life = life
        self._trace = trace

    @property
    def waiting(self) -> int:
        """See `Connections.waiting`."""
        return self._inner.waiting

    async def write(
        self, function: Callable[Concatenate[C, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.write`."""
        life, name = self._life, function.__qualname__

        @wraps(function)
        def alive(connection: C) -> R:
            life.instant(f"before the commit of {name}")
            return function(connection, *args, **kwargs)

        await life.halt(f"before {name}")
        life.check()
        result = await self._inner.write(alive)
        self._trace.note("commit", name)
        life.instant(f"after the commit of {name}")
        await life.halt(f"after {name}")
        return result

    async def read(
        self, function: Callable[Concatenate[C, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.read`."""
        life, name = self._life, function.__qualname__
        await life.halt(f"before {name}")
        life.check()
        result = await self._inner.read(function, *args, **kwargs)
        life.check()
        await life.halt(f"after {name}")
        return result

    async def watch(
        self, function: Callable[Concatenate[C, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.watch`."""
        return await self.read(function, *args, **kwargs)

    async def glance(
        self, function: Callable[Concatenate[C, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.glance`."""
        return await self.read(function, *args, **kwargs)
