"""Virtual time: an event loop that never waits and never reads the machine's clock.

When nobody has anything to do, its clock jumps to the next timer. Where everything runs on the
loop, nothing depends on the machine's speed: the order of everything follows from the program.

Threads and sockets of this process may take part (see `threads_seen`): while a thread works, or
bytes are under way between two sockets, the clock goes on as time really passes. Other processes
are not waited for: nobody here knows whether they work.
"""

from __future__ import annotations

import asyncio
import fcntl
import selectors
import struct
import termios
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from queue import Queue, SimpleQueue
from typing import Any, TypeVar, cast
from unittest import mock

import aiosqlite.core
import anyio
from anyio._backends import _asyncio as anyio_backend

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
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now

    def stand_still(self, seconds: float) -> None:
        """Let so much time pass in which nothing runs, as in a process that is stopped."""
        self._jumping.now += seconds

    def wait_for_thread(self, answer: asyncio.Future[Any]) -> None:
        """A thread works on this answer: nothing is skipped until it is there."""
        self._jumping.threads += 1
        answer.add_done_callback(self._thread_done)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run it in a thread, for which the clock waits."""
        answer = super().run_in_executor(executor, func, *args)
        self.wait_for_thread(answer)
        return answer

    async def shutdown_default_executor(self, *timeout: Any, **named: Any) -> None:
        """Wait for the ends of those threads, in one more; since Python 3.12 at most so long."""
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*timeout, **named)
        finally:
            self._jumping.threads -= 1

    def _thread_done(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads -= 1


class _Jumping(selectors.DefaultSelector):
    """A selector to which waiting is nothing, as long as nothing comes from outside of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        idle = timeout is None or timeout > 0
        # One file is the loop's own, by which threads and signals wake it.
        ready = super().select(0) if idle or len(self.get_map()) > 1 else []
        if ready or not idle:
            self._count(ready)
            return ready
        self._rounds = 0
        if self.threads or self._under_way():
            return self._really(timeout)
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        self.now += timeout
        return []

    def _count(self, ready: list[tuple[selectors.SelectorKey, int]]) -> None:
        self._rounds = 0 if ready else self._rounds + 1
        if self._rounds > ROUNDS_MAX:
            raise Spinning(f"{ROUNDS_MAX} rounds of the loop at one instant")

    def _really(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for as long as it takes."""
        began = time.monotonic()
        ready = super().select(timeout)
        took = time.monotonic() - began
        if timeout is not None:
            took = min(took, timeout) if ready else timeout
        self.now += took
        return ready

    def _under_way(self) -> bool:
        """Whether something sent has not arrived; what has arrived is seen by its reader."""
        return any(
            key.events & selectors.EVENT_WRITE or _unacknowledged(key.fd)
            for key in self.get_map().values()
        )


def _unacknowledged(descriptor: int) -> bool:
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, struct.pack("i", 0))
    except OSError:
        # It only listens.
        return False
    return struct.unpack("i", answer)[0] > 0


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run to the end on a loop of its own.

    Raises:
        Deadlock, Spinning: it would never have ended.
    """
    return anyio.run(main, backend_options={"loop_factory": VirtualLoop})


@contextmanager
def threads_seen() -> Generator[None]:
    """Virtual loops wait for the threads of the store, and for those that anyio starts."""
    with (
        mock.patch.object(aiosqlite.core, "SimpleQueue", _SqliteJobs),
        mock.patch.object(anyio_backend, "Queue", _AnyioJobs),
    ):
        yield


def _see(job: tuple[object, ...] | None) -> None:
    """Whoever hands a job to a thread waits for the future that lies beside it."""
    for part in job or ():
        if isinstance(part, asyncio.Future):
            answer = cast("asyncio.Future[Any]", part)
            if isinstance(loop := answer.get_loop(), VirtualLoop):
                loop.wait_for_thread(answer)


class _SqliteJobs(SimpleQueue[Any]):
    def put_nowait(self, item: Any) -> None:
        _see(item)
        super().put_nowait(item)


class _AnyioJobs(Queue[Any]):
    def put_nowait(self, item: Any) -> None:
        _see(item)
        super().put_nowait(item)
