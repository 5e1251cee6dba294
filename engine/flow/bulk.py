"""Bulky records: one of them in hand at a time, however many workers there are.

A record in hand is there several times over: as it was shown, taken apart, mapped, and as the
request. Of the usual two thousand characters nobody notices that; of a comment of a million each
worker would take several megabytes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import anyio

from engine.flow.worktime import holding

# Characters of what the source shows of a record; more of them wait for their turn.
BULKY_CHARS = 250_000


class _Loaded(Protocol):
    @property
    def payload(self) -> str: ...


T = TypeVar("T", bound=_Loaded)


@dataclass(slots=True)
class Bulk:
    """Shared by all workers of all actors that load records."""

    _turn: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    @asynccontextmanager
    async def in_hand(self, load: Callable[[], Awaitable[T | None]]) -> AsyncGenerator[T | None]:
        """What `load` finds, for the block; a bulky record when it is its turn."""
        found = await load()
        if found is None or len(found.payload) <= BULKY_CHARS:
            yield found
            return
        # It is not kept while it waits, and may be another by then.
        del found
        async with holding(self._turn):
            yield await load()
