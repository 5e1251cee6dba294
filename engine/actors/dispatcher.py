"""Dispatcher: hand keys that are due from the store to a mailbox, one dispatcher per lane.

The store holds the backlog, the mailbox only the next keys of it; so memory does not grow with
the backlog, and a restart goes on where the last process ended.

Mailbox   none: it is woken by its signal, by room in the mailbox it fills, and by time
Sends     keys to that mailbox
Store     reads due keys
Metrics   the mailbox's own
Stops     when it is cancelled
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic

import anyio

from engine.clock import Clock
from engine.flow.governor import Governor
from engine.flow.mailbox import K, Mailbox
from engine.flow.signal import Signal
from engine.flow.worktime import BLOCKED_MAX_S, State, pausing, resting, spending
from engine.loop import loop_time, to_next
from engine.model.lane import Lane

# Longest sleep without looking: a machine that was asleep must not leave due work lying.
LOOK_AGAIN_S = 10.0
# Longest wait for the first poll: one of many pages must not keep back what is known already.
FIRST_POLL_S = 30.0
# Longest wait for a governor: it may be opened sooner than it said.
CLOSED_S = 5.0
GATHER_S = 0.02


@dataclass(slots=True)
class Dispatcher(Generic[K]):
    """Keeps one lane of one mailbox filled.

    Args:
        due_keys: (now, limit) to the keys that are due, most urgent first.
        next_due: (since) to the time after that at which the first one is due, or None.
        first: set when the first poll has ended; what a former process left is not sent before.
        ready: whether it is this dispatcher's turn, where stages take turns.
        governor: keys are kept back while it would turn their requests away, so that no worker
            holds a key it can do nothing with.
    """

    mailbox: Mailbox[K]
    lane: Lane
    clock: Clock
    due_keys: Callable[[float, int], Awaitable[list[K]]]
    next_due: Callable[[float], Awaitable[float | None]]
    governor: Governor
    signal: Signal = field(default_factory=Signal)
    first: anyio.Event | None = None
    ready: Callable[[], Awaitable[bool]] | None = None
    _looked_at: float = field(default=-math.inf, init=False)

    async def run(self) -> None:
        """Fill the lane whenever there is room and something is due."""
        if self.first is not None:
            with spending(State.IDLE, FIRST_POLL_S), anyio.move_on_after(FIRST_POLL_S):
                await self.first.wait()
        while True:
            if self.ready is not None and not await self.ready():
                await resting(GATHER_S)
            elif self.governor.closed(self.lane):
                await self._wait_open()
            elif await self.step():
                await self._wait_room_or_notification()
                await self._gather()
            elif await self._rang():
                await self._gather()

    async def step(self) -> int:
        """Send every due key the lane has room for; returns how many were new to the mailbox."""
        # Keys in the mailbox are still due in the store, so they are asked for on top.
        limit = self.mailbox.capacity + len(self.mailbox) + self.mailbox.held
        self._looked_at = loop_time()
        self.signal.forget()
        keys = await self.due_keys(self.clock.now(), limit)
        new = [key for key in keys if key not in self.mailbox]
        for key in new:
            with spending(State.BLOCKED, BLOCKED_MAX_S):
                await self.mailbox.send(key, self.lane)
        return len(new)

    async def _gather(self) -> None:
        """Look again no sooner than GATHER_S after the last look.

        Rings come one per record under load, and one look serves all of a short while; the first
        ring after a rest is answered at once.
        """
        since_s = loop_time() - self._looked_at
        if since_s < GATHER_S:
            await resting(GATHER_S - since_s)

    async def _wait_room_or_notification(self) -> None:
        with spending(State.IDLE, LOOK_AGAIN_S):
            async with anyio.create_task_group() as tasks:

                async def notified() -> None:
                    await self.signal.wait(LOOK_AGAIN_S)
                    tasks.cancel_scope.cancel()

                async def room() -> None:
                    await self.mailbox.wait_room(self.lane)
                    tasks.cancel_scope.cancel()

                tasks.start_soon(notified)
                tasks.start_soon(room)

    async def _wait_open(self) -> None:
        held_s = min(self.governor.held_s(self.lane), CLOSED_S)
        with spending(State.THROTTLED, held_s):
            # Other settings may have opened it; most notifications only say that there is work.
            notified = await self.signal.wait(held_s)
        if notified:
            await pausing(GATHER_S)

    async def _rang(self) -> bool:
        """Whether the signal notified before the next key became due."""
        now = self.clock.now()
        # What is due already may be in the hands of a worker.
        due_at = await self.next_due(now)
        while due_at is None or due_at > now:
            idle_s = to_next(LOOK_AGAIN_S)
            if due_at is not None:
                idle_s = max(GATHER_S, min(idle_s, due_at - now))
            with spending(State.IDLE, idle_s):
                if await self.signal.wait(idle_s):
                    return True
            now = self.clock.now()
            due_at = await self.next_due(-math.inf)
        return False
