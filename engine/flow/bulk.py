"""Bulky records: one of them in hand at a time, however many workers there are.

A record in hand is there several times over: as it was shown, taken apart, mapped, and as the
request. Of the usual two thousand characters nobody notices that; of a comment of a million each
worker would take several megabytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import anyio

from engine.flow.worktime import holding

# Characters of what the source shows of a record; more of them wait for their turn.
BULKY_CHARS = 250_000


class _Loaded(Protocol):
    @property
    def payload(self) -> str: ...


T = TypeVar("T", bound=_Loaded)


@dataclass(slots=True)
class InHand(Generic[T]):
    """One record in hand for the block, loaded on entry; None where there is nothing to do."""

    load: Callable[[], Awaitable[T | None]]
    turn: anyio.Lock
    _turn: holding | None = None

    async def __aenter__(self) -> T | None:
        found = await self.load()
        if found is None or len(found.payload) <= BULKY_CHARS:
            return found
        # It is not kept while it waits, and may be another by then.
        del found
        turn = holding(self.turn)
        await turn.__aenter__()
        self._turn = turn
        return await self.load()

    async def __aexit__(self, *_: object) -> None:
        if self._turn is not None:
            await self._turn.__aexit__()


@dataclass(slots=True)
class Bulk:
    """Shared by all workers of all actors that load records."""

    _turn: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def in_hand(self, load: Callable[[], Awaitable[T | None]]) -> InHand[T]:
        """What `load` finds, for the block; a bulky record when it is its turn."""
        return InHand(load, self._turn)
