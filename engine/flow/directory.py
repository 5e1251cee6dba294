"""A directory: names of one kind, read as a whole, looked up without asking again.

Concurrent askers share one reading (single-flight), its error too. An unknown name makes the
directory read again, but not more often than `refresh_min_s`; what is still unknown then is
remembered as such until the next reading.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import anyio

from engine.flow.worktime import holding
from engine.loop import loop_time

# An unknown name may be new in the target; a flood of unknown names must not become a flood of
# readings.
REFRESH_MIN_S = 60.0


@dataclass(slots=True)
class Directory:
    """Name to the ids that bear it; more than one id makes a name ambiguous.

    Args:
        read: returns every (name, id).
        ttl_s: seconds a reading counts.
    """

    read: Callable[[], Awaitable[Iterable[tuple[str, int]]]]
    ttl_s: float
    readings: int = field(default=0, init=False)
    _names: dict[str, tuple[int, ...]] = field(
        default_factory=dict[str, tuple[int, ...]], init=False
    )
    _unknown: set[str] = field(default_factory=set[str], init=False)
    _read_at: float = field(default=-math.inf, init=False)
    _counts_s: float = field(default=math.inf, init=False)
    _lock: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def __len__(self) -> int:
        """Names known."""
        return len(self._names)

    @property
    def age_s(self) -> float | None:
        """Seconds since the last reading; None before the first."""
        return None if not self.readings else self._age_s()

    async def lookup(self, name: str) -> tuple[int, ...]:
        """The ids that bear exactly this name; none when nobody does."""
        counts_s = min(self.ttl_s, self._counts_s)
        if self._age_s() >= counts_s:
            await self._refresh(counts_s)
        elif name not in self._names and name not in self._unknown:
            readings = self.readings
            await self._refresh(min(self.ttl_s, REFRESH_MIN_S))
            if self.readings == readings:
                # Read a moment ago, before anybody asked for this name: not proof enough.
                return self._names.get(name, ())
        ids = self._names.get(name, ())
        if not ids:
            self._unknown.add(name)
        return ids

    def expire_in(self, seconds: float) -> None:
        """Let the reading that is under way count for no longer than that."""
        self._counts_s = seconds

    async def refresh(self) -> None:
        """Read now, whatever the age; at most once per second."""
        await self._refresh(min(1.0, self.ttl_s))

    async def _refresh(self, older_than_s: float) -> None:
        async with holding(self._lock):
            if self._age_s() < older_than_s:
                return
            self._counts_s = math.inf
            names: dict[str, tuple[int, ...]] = {}
            for name, target_id in await self.read():
                names[name] = (*names.get(name, ()), target_id)
            self._names, self._unknown = names, set()
            self._read_at = loop_time()
            self.readings += 1

    def _age_s(self) -> float:
        return loop_time() - self._read_at
