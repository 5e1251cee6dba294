"""The pool: as many workers of one actor as wanted, more or fewer while they work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import anyio
from anyio.abc import TaskGroup

from engine.flow.mailbox import Mailbox, Stop
from engine.flow.worktime import WorkTime


class PoolWorker(Protocol):
    """One worker: it leaves when its mailbox is closed, or when it is asked to."""

    stop: Stop

    async def run(self) -> None:
        """Work until then."""
        ...


W = TypeVar("W", bound=PoolWorker)


@dataclass(slots=True)
class Pool(Generic[W]):
    """Workers on one mailbox.

    Args:
        actor: whose workers they are, as in metrics.
        size: how many shall work.
        make: makes the worker of a number; each number is given once.
    """

    actor: str
    size: int
    mailbox: Mailbox[Any]
    worktime: WorkTime
    make: Callable[[int], W]
    workers: list[W] = field(default_factory=list[W], init=False)
    _made: int = field(default=0, init=False)
    _tasks: TaskGroup | None = field(default=None, init=False)

    async def run(self) -> None:
        """Work until the mailbox is closed and every worker has let go of what it held."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                self._fill()
        finally:
            self._tasks = None

    def resize(self, size: int) -> None:
        """Let so many work from now on; who leaves finishes first what it holds."""
        self.size = size
        while len(self.workers) > size:
            self.mailbox.request_stop(self.workers.pop().stop)
        self._fill()

    def _fill(self) -> None:
        while self._tasks is not None and len(self.workers) < self.size:
            worker = self.make(self._made)
            self._made += 1
            self.workers.append(worker)
            self._tasks.start_soon(self.worktime.timed, self.actor, worker.run)
