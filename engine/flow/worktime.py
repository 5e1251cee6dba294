"""Worker time: what each worker spends its time on, and whether it still gets anywhere.

A worker is busy unless it says otherwise. Whoever waits marks what for, and by when that wait must
have ended: so the time of every worker adds up to the time that passed, and a worker that hangs is
told apart from one that has nothing to do.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import anyio
from anyio import TaskInfo

from engine.loop import loop_clock


class State(StrEnum):
    """What a worker's time is spent on."""

    BUSY = "busy"
    THROTTLED = "throttled"
    BLOCKED = "blocked"
    IDLE = "idle"


Seconds = dict[State, float]
"""Seconds by state."""


def _none() -> Seconds:
    return dict.fromkeys(State, 0.0)


def _add(total: Seconds, seconds: Seconds) -> None:
    for state, spent in seconds.items():
        total[state] += spent


# Without any sign for so many seconds a worker that announced no longer wait is stalled.
STALL_S = 15.0
# A wait for a place or for room ends when some worker gets on, which is watched as well; and so is
# one for a lock whose holder nobody watches.
BLOCKED_MAX_S = 900.0
# Longest wait for the disk: many times what the largest transaction takes.
STORE_MAX_S = 24.0

# Of tasks that work for one worker, the first of these is the worker's state.
_OF_TASKS = (State.BUSY, State.THROTTLED, State.BLOCKED, State.IDLE)
# Of the waits of one task the first of these is the task's state.
_OF_WAITS = (State.THROTTLED, State.BLOCKED, State.IDLE, State.BUSY)


@dataclass(slots=True, eq=False)
class _Wait:
    """A wait of a task, marked for the block.

    It has what it is for, since when, by when it must have ended, and the lock, if it is for one.
    """

    task: _Task
    state: State
    since: float
    until: float
    lock: anyio.Lock | None = None

    def __enter__(self) -> None:
        self.task.waits.append(self)
        self.task.changed(self.since)

    def __exit__(self, *_: object) -> None:
        self.task.waits.remove(self)
        self.task.changed(self.task.clock())

    def ends_by(self, now: float, others: Mapping[int, _Task]) -> float:
        """When the wait must have ended; that for a lock, with the work of who holds it."""
        owner = self.lock.statistics().owner if self.lock is not None else None
        if owner is None:
            return self.until
        holder = others.get(owner.id)
        if holder is None:
            return self.until
        rest = {number: task for number, task in others.items() if number != owner.id}
        return self.since + STALL_S if holder.overdue(now, rest) else math.inf


@dataclass(slots=True, eq=False)
class _Task:
    """One task that works for a worker, with its waits, one inside the other."""

    worker: Worker
    info: TaskInfo = field(default_factory=anyio.get_current_task)
    clock: Callable[[], float] = field(default_factory=loop_clock)
    waits: list[_Wait] = field(default_factory=list[_Wait])
    state: State = State.BUSY
    sign_at: float = field(default_factory=anyio.current_time)
    began_at: float = field(default_factory=anyio.current_time)

    def overdue(self, now: float, others: Mapping[int, _Task]) -> bool:
        """Whether no sign came in time.

        Args:
            others: every task by its id.
        """
        return now > max(
            (wait.ends_by(now, others) for wait in self.waits), default=self.sign_at + STALL_S
        )

    def busy_s(self, now: float) -> float:
        """How long it has been at its present piece of work."""
        return 0.0 if self.state in (State.IDLE, State.THROTTLED) else now - self.began_at

    def changed(self, now: float) -> None:
        """A wait began or ended."""
        self.sign_at = now
        before = self.state
        self.state = _first(_OF_WAITS, self.waits) if self.waits else State.BUSY
        if self.state is before:
            return
        if before is State.IDLE or before is State.THROTTLED:
            self.began_at = now
        self.worker.settle(now)


@dataclass(slots=True, eq=False)
class Worker:
    """One worker, as many tasks as it has."""

    seconds: Seconds = field(default_factory=_none)
    tasks: list[_Task] = field(default_factory=list[_Task])
    _state: State = State.IDLE
    _since: float = field(default_factory=anyio.current_time)

    def settle(self, now: float) -> None:
        """Book the time since the last change, and take the tasks' state from here on."""
        self.seconds[self._state] += now - self._since
        self._state = _first(_OF_TASKS, self.tasks) if self.tasks else State.IDLE
        self._since = now

    @contextmanager
    def task(self) -> Generator[None]:
        """What this task does in the block is this worker's time."""
        task = _Task(self)
        self.tasks.append(task)
        self.settle(anyio.current_time())
        token = _current.set(task)
        try:
            yield
        finally:
            _current.reset(token)
            self.tasks.remove(task)
            self.settle(anyio.current_time())


def _first(order: Sequence[State], those: Sequence[_Task] | Sequence[_Wait]) -> State:
    """The state among theirs that comes first; mostly there is one of them."""
    if len(those) == 1:
        return those[0].state
    states = [one.state for one in those]
    return next(state for state in order if state in states)


_current: ContextVar[_Task | None] = ContextVar("current_task", default=None)


@dataclass(slots=True)
class WorkTime:
    """The workers of every actor; those who have left are remembered by their time only."""

    workers: dict[str, list[Worker]] = field(default_factory=dict[str, list[Worker]])
    _left: dict[str, Seconds] = field(default_factory=dict[str, Seconds])

    async def timed(self, actor: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a worker of this actor, its time accounted by state."""
        worker = Worker()
        self.workers.setdefault(actor, []).append(worker)
        try:
            with worker.task():
                await run()
        finally:
            self.workers[actor].remove(worker)
            _add(self._left.setdefault(actor, _none()), worker.seconds)

    def seconds(self, actor: str, now: float) -> Seconds:
        """Worker time by state, the intervals still running included.

        Args:
            now: the loop's time; who reads several actors gives the same one for all, for between
                two of them the process may have to wait for the processor.
        """
        total = _none()
        _add(total, self._left.get(actor, {}))
        for worker in self.workers.get(actor, ()):
            worker.settle(now)
            _add(total, worker.seconds)
        return total

    def longest_busy_s(self, actor: str, now: float) -> float:
        """How long the task that is busy longest has been at its piece of work, at that time."""
        tasks = [task for worker in self.workers.get(actor, ()) for task in worker.tasks]
        return max((task.busy_s(now) for task in tasks), default=0.0)

    def where(self, actor: str) -> list[str]:
        """Where each overdue worker of the actor waits, from the outermost call inwards."""
        now, others = anyio.current_time(), self._tasks()
        tasks = [task for worker in self.workers.get(actor, ()) for task in worker.tasks]
        return [" > ".join(_stack(task.info.coro)) for task in tasks if task.overdue(now, others)]

    def _tasks(self) -> dict[int, _Task]:
        return {
            task.info.id: task
            for workers in self.workers.values()
            for worker in workers
            for task in worker.tasks
        }

    def overdue(self) -> list[str]:
        """The actors with a worker that gave no sign in time."""
        now, others = anyio.current_time(), self._tasks()
        return [
            actor
            for actor, workers in self.workers.items()
            if any(task.overdue(now, others) for worker in workers for task in worker.tasks)
        ]


def _stack(awaited: Any) -> Generator[str]:
    """The frames of a coroutine and of what it waits for, as `module:line`."""
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)
        if frame is not None:
            yield f"{frame.f_globals.get('__name__')}:{frame.f_lineno}"
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)


_NOBODYS = nullcontext()


def spending(
    state: State, within_s: float = math.inf, lock: anyio.Lock | None = None
) -> AbstractContextManager[None]:
    """The block, to be entered at once, is a wait of this kind, which must have ended in that time.

    Args:
        within_s: so many seconds at most.
        lock: what is waited for; then it may take as long as its holder gets on.
    """
    task = _current.get()
    if task is None:
        return _NOBODYS
    now = task.clock()
    return _Wait(task, state, now, now + max(within_s, STALL_S), lock)


async def resting(seconds: float) -> None:
    """Sleep, as one who has nothing to do."""
    with spending(State.IDLE, seconds + STALL_S):
        await anyio.sleep(seconds)


async def pausing(seconds: float) -> None:
    """Sleep, because something must not be done sooner."""
    with spending(State.THROTTLED, seconds + STALL_S):
        await anyio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class holding:  # noqa: N801 # it is used as a function
    """Hold the lock for the block; the wait for it is, as a rule, a wait for another worker."""

    lock: anyio.Lock
    state: State = State.BLOCKED
    within_s: float = BLOCKED_MAX_S

    async def __aenter__(self) -> None:
        try:
            self.lock.acquire_nowait()
        except anyio.WouldBlock:
            with spending(self.state, self.within_s, self.lock):
                await self.lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.lock.release()


async def side_by_side(*runs: Callable[[], Awaitable[None]]) -> None:
    """Run several tasks for the worker this one works for."""
    parent = _current.get()
    with spending(State.IDLE):
        async with anyio.create_task_group() as tasks:
            for run in runs:
                tasks.start_soon(_beside, parent, run)


async def _beside(parent: _Task | None, run: Callable[[], Awaitable[None]]) -> None:
    if parent is None:
        await run()
        return
    with parent.worker.task():
        await run()
