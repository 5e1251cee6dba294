"""The running event loop's own clock, and what is done by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar


def loop_clock() -> Callable[[], float]:
    """The running loop's clock, for whoever reads it often: to find the loop each time costs more.

    Raises:
        RuntimeError: no event loop is running.
    """
    return asyncio.get_running_loop().time


def loop_time() -> float:
    """The running loop's time, in seconds; of asyncio's loop, which is the only one there is here.

    Raises:
        RuntimeError: no event loop is running.
    """
    return asyncio.get_running_loop().time()


def from_threads() -> Callable[..., object]:
    """What has the running loop call a function soon; for other threads, which wait for nothing.

    Raises:
        RuntimeError: no event loop is running.
    """
    return asyncio.get_running_loop().call_soon_threadsafe


# A timer may fire so much early.
_EARLY_S = 0.1
_ahead_s: ContextVar[float] = ContextVar("ahead_s", default=0.0)


def keep_apart(ahead_s: float) -> None:
    """Have this task, and those it starts from now on, be so much ahead in `to_next` of others."""
    _ahead_s.set(ahead_s)


def to_next(every_s: float) -> float:
    """Seconds until whoever does something so often does it again, all at the same moment.

    So those who only look, and find nothing, share what a look costs; who shares nothing with them
    keeps apart.

    Raises:
        RuntimeError: no event loop is running.
    """
    left_s = every_s - (loop_time() + _ahead_s.get()) % every_s
    return left_s if left_s > _EARLY_S else left_s + every_s


def within(seconds: float) -> asyncio.Timeout:
    """A block that ends with TimeoutError when it takes longer.

    It is the loop's own: for what is done with every request a scope that can do more costs more.
    """
    return asyncio.timeout(seconds)
