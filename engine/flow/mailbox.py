"""The keyed mailbox: bounded, coalescing, one holder per key, fresh before backlog.

A message is a key and nothing else: "this record may differ". Sending a key that is queued
already changes nothing (but lifts it to the fresh lane, once that has room); sending one that a
worker holds queues it once more for when the worker lets go. A full lane makes its sender wait.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from engine.flow.bell import Bell
from engine.flow.worktime import State, spending
from engine.loop import loop_time
from engine.model.lane import Lane

# After so many fresh keys in a row one backlog key is served, so that every key is.
FRESH_STREAK_MAX = 4


K = TypeVar("K", bound=Hashable)


class Closed(Exception):
    """The worker may leave: the mailbox is closed and empty, or has more workers than it needs."""


@dataclass(slots=True)
class Stop:
    """Whether a worker is asked to stop."""

    requested: bool = False
    _waiting: anyio.CancelScope | None = None

    def request(self) -> None:
        """Ask it."""
        self.requested = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def unless_requested(self, wait: Callable[[], Awaitable[None]]) -> bool:
        """Wait with nothing to do; returns False when it was asked first."""
        with spending(State.IDLE), anyio.CancelScope() as self._waiting:
            if not self.requested:
                await wait()
                return True
        return False


@dataclass(slots=True)
class Mailbox(Generic[K]):
    """Keys waiting for a worker.

    Args:
        name: as in configuration and metrics.
        capacity: keys each lane holds before its sender waits.
        observe_wait: told the seconds each key waited for its worker.
    """

    name: str
    capacity: int
    observe_wait: Callable[[float], None] | None = None
    depth_peak: int = field(default=0, init=False)
    blocked_senders: int = field(default=0, init=False)
    _lanes: dict[Lane, OrderedDict[K, float]] = field(init=False)
    _held: dict[K, Lane | None] = field(init=False)
    _streak: int = field(default=0, init=False)
    _closed: bool = field(default=False, init=False)
    _discarding: bool = field(default=False, init=False)
    # Two bells, so that busy workers letting go of keys do not wake idle ones for nothing.
    _filled: Bell = field(default_factory=Bell, init=False)
    _freed: Bell = field(default_factory=Bell, init=False)

    def __post_init__(self) -> None:
        self._lanes = {lane: OrderedDict() for lane in Lane}
        self._held = {}

    def __len__(self) -> int:
        """Keys queued, held ones not counted."""
        return sum(map(len, self._lanes.values()))

    def __contains__(self, key: K) -> bool:
        """Whether the key is queued or held."""
        return key in self._held or self._queue_of(key) is not None

    @property
    def held(self) -> int:
        """Keys in the hands of workers."""
        return len(self._held)

    @property
    def idle(self) -> bool:
        """True when no key is queued and none is held."""
        return not self._held and not len(self)

    def queued(self, lane: Lane) -> int:
        """Keys that wait in the lane."""
        return len(self._lanes[lane])

    def room(self, lane: Lane) -> int:
        """Keys the lane takes before a sender waits."""
        return self.capacity - self.queued(lane)

    def oldest_age_s(self) -> float:
        """Seconds the longest waiting key has waited; 0 when none does."""
        heads = [next(iter(lane.values())) for lane in self._lanes.values() if lane]
        return loop_time() - min(heads) if heads else 0.0

    async def send(self, key: K, lane: Lane) -> None:
        """Queue the key; waits while its lane is full.

        Raises:
            Closed: nothing more is taken.
        """
        while True:
            if self._closed:
                raise Closed
            if self._coalesced(key, lane):
                return
            if self.room(lane) > 0:
                self._lanes[lane][key] = loop_time()
                self.depth_peak = max(self.depth_peak, len(self))
                self._filled.ring()
                return
            self.blocked_senders += 1
            try:
                await self._freed.wait()
            finally:
                self.blocked_senders -= 1

    async def receive(self, stop: Stop | None = None) -> K:
        """Take the next key and hold it; `release` it when done.

        Args:
            stop: the worker's own; once it is requested, no key is taken any more.

        Raises:
            Closed: the mailbox is closed and nothing is left in it, or the worker is to leave.
        """
        while True:
            if stop is not None and stop.requested:
                raise Closed
            if (key := self.receive_nowait()) is not None:
                return key
            if self._closed and self.idle:
                raise Closed
            with spending(State.IDLE):
                await self._filled.wait()

    def request_stop(self, stop: Stop) -> None:
        """Ask a worker to leave once it has let go of the keys it holds."""
        stop.request()
        self._filled.ring()

    def receive_nowait(self) -> K | None:
        """Take the next key when there is one."""
        lane = self._next_lane()
        if lane is None:
            return None
        self._streak = self._streak + 1 if lane is Lane.FRESH else 0
        key, since = self._lanes[lane].popitem(last=False)
        if self.observe_wait is not None:
            self.observe_wait(loop_time() - since)
        self._held[key] = None
        self._freed.ring()
        return key

    async def take(self, key: K) -> Lane | None:
        """Hold this very key, queued or not; waits while somebody else holds it.

        Returns the lane that it was queued in.
        """
        while key in self._held:
            await self._freed.wait()
        queued = self._queue_of(key)
        if queued is not None:
            del self._lanes[queued][key]
            self._freed.ring()
        self._held[key] = None
        return queued

    def release(self, key: K) -> None:
        """Let go of a held key; a message that came meanwhile queues it again."""
        again = self._held.pop(key)
        if self._discarding:
            again = None
        if again is not None:
            self._lanes[again][key] = loop_time()
        if again is not None or self._closed:
            self._filled.ring()
        self._freed.ring()

    @asynccontextmanager
    async def holding(self, stop: Stop | None = None) -> AsyncGenerator[K]:
        """Receive one key and hold it for the block; see `receive`."""
        key = await self.receive(stop)
        try:
            yield key
        finally:
            self.release(key)

    @asynccontextmanager
    async def reserving(self, key: K) -> AsyncGenerator[None]:
        """Hold this very key for the block, so that no worker does; waits while one does.

        A message about it that is queued, or comes meanwhile, is served afterwards.
        """
        self._held[key] = await self.take(key)
        try:
            yield
        finally:
            self.release(key)

    def close(self, *, discard: bool = False) -> None:
        """Take nothing more; workers leave once what is queued is done.

        Args:
            discard: forget what is queued; the store knows it and the next start goes on with it.
        """
        self._closed = True
        self._discarding = discard
        if discard:
            for lane in self._lanes.values():
                lane.clear()
        self._filled.ring()
        self._freed.ring()

    async def wait_room(self, lane: Lane) -> None:
        """Wait until the lane is at most half full."""
        while len(self._lanes[lane]) > self.capacity // 2:
            await self._freed.wait()

    def _coalesced(self, key: K, lane: Lane) -> bool:
        if key in self._held:
            again = self._held[key]
            self._held[key] = lane if again is None else min(again, lane)
            return True
        queued = self._queue_of(key)
        if queued is None:
            return False
        if lane < queued:
            # Without room it waits like any other, or a lane could grow without bound.
            if self.room(lane) <= 0:
                return False
            self._lanes[lane][key] = self._lanes[queued].pop(key)
            self._freed.ring()
        return True

    def _queue_of(self, key: K) -> Lane | None:
        for lane, keys in self._lanes.items():
            if key in keys:
                return lane
        return None

    def _next_lane(self) -> Lane | None:
        fresh, backlog = self._lanes[Lane.FRESH], self._lanes[Lane.BACKLOG]
        if fresh and (not backlog or self._streak < FRESH_STREAK_MAX):
            return Lane.FRESH
        if backlog:
            return Lane.BACKLOG
        return None
