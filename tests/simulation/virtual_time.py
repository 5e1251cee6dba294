"""Virtual time: an event loop that never waits and never reads the machine's clock.

When nothing is ready, its clock jumps to the next timer. Nothing in it depends on the machine's
speed, so the order of everything follows from the program alone.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")

# So many rounds of the loop without a step of the clock mean that somebody spins.
ROUNDS_MAX = 200_000


class Deadlock(Exception):
    """Nothing is ready and no timer is set: nothing can ever happen again."""


class Spinning(Exception):
    """The loop goes round and round at one instant."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual seconds, from 0."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_Jumping(self._jump))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual_s

    def _jump(self, seconds: float) -> None:
        self._virtual_s += seconds


class _Jumping(selectors.SelectSelector):
    """A selector to which waiting is nothing; no file ever becomes ready."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        if timeout > 0:
            self._rounds = 0
            self._jump(timeout)
            return []
        self._rounds += 1
        if self._rounds > ROUNDS_MAX:
            raise Spinning(f"{ROUNDS_MAX} rounds of the loop at one instant")
        return []


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run to the end on a loop of its own.

    Raises:
        Deadlock, Spinning: it would never have ended.
    """
    return anyio.run(main, backend_options={"loop_factory": VirtualLoop})
