"""Work of many callers, done in groups: writes share a commit, looks a round trip.

Callers hand over functions of one connection. A function runs whole inside one transaction; all
that wait at the same moment share it and its commit. Where one of them fails, the transaction is
undone and each is run again in one of its own, so that one caller's error undoes one caller's work
only: a function depends on the connection and its arguments alone. When `run` returns, what was
written is durable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import anyio

from engine.flow.worktime import STORE_MAX_S, State, spending
from engine.runs import Spent, spent

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

GROUP_MAX = 256


@dataclass(frozen=True, slots=True)
class Call:
    """Which function is to be run with what, and what its caller does: in which run it writes."""

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    context: Context


@dataclass(slots=True, eq=False)
class Job(Generic[C]):
    """A function with its arguments, and what became of it.

    Args:
        call: the same in parts, for an adapter that does at once what many ask for.

    Attributes:
        counted: where the requests are counted that its lines of history take note of.
    """

    run: Callable[[C], Any]
    call: Call | None = None
    counted: Spent | None = field(default_factory=spent.get, init=False)
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


class JobFailed(Exception):
    """One of a group raised the error behind this."""


class Groups(Generic[C]):
    """What waits for its turn, and the task that has it done.

    Args:
        commit: run and commit a group; raises nothing.
        on_commit: told the seconds each group took.
    """

    def __init__(
        self,
        commit: Callable[[list[Job[C]]], Awaitable[None]],
        on_commit: Callable[[float], None] | None = None,
    ) -> None:
        self._commit = commit
        self._on_commit = on_commit
        self._queue: list[Job[C]] = []
        self._work = anyio.Event()
        self._closing = False

    async def run(
        self, function: Callable[Concatenate[C, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(connection, ...)` in a transaction; durable on return.

        A caller cancelled while waiting leaves the work to be done all the same.

        Raises:
            Exception: whatever the function raised, or its commit.
        """
        # On its thread the job knows what its caller does: in which run it writes.
        context = copy_context()
        job = Job[C](
            lambda connection: context.run(function, connection, *args, **kwargs),
            Call(function, args, kwargs, context),
        )
        self._queue.append(job)
        self._work.set()
        with spending(State.BUSY, STORE_MAX_S):
            await job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._queue)

    def close(self) -> None:
        """Do what was handed over, then stop."""
        self._closing = True
        self._work.set()

    async def serve(self) -> None:
        """Go on for as long as the store is open; a cancelled caller does not cut this short."""
        with anyio.CancelScope(shield=True):
            while self._queue or not self._closing:
                await self._work.wait()
                self._work = anyio.Event()
                while self._queue:
                    group, self._queue = self._queue[:GROUP_MAX], self._queue[GROUP_MAX:]
                    await self._commit_one(group)

    async def _commit_one(self, group: list[Job[C]]) -> None:
        started = anyio.current_time()
        await self._commit(group)
        for job in group:
            job.done.set()
        if self._on_commit is not None:
            self._on_commit(anyio.current_time() - started)


def run_group(
    group: list[Job[C]], together: Callable[[list[Job[C]]], None], refusal: type[Exception]
) -> None:
    """Run them in one transaction; where one of them fails, each in one of its own.

    Args:
        together: run and commit them; raises JobFailed where one of them failed.
        refusal: what else it raises: nothing of the group was kept, and no part of it can be.
    """
    try:
        together(group)
    except refusal as error:
        for job in group:
            job.error = error
    except JobFailed as failed:
        if len(group) == 1:
            group[0].error = failed.__cause__
            return
        for job in group:
            job.undone()
            run_group([job], together, refusal)
