"""A way that reads the date of each answer."""

from __future__ import annotations

from typing import Self

from engine.dates import Dates
from engine.wire.way import Incoming, Outgoing, Way


class Dated:
    """The way to one system, whose dates are noted."""

    def __init__(self, way: Way, system: str, dates: Dates) -> None:
        self._way = way
        self._system = system
        self._dates = dates

    async def __aenter__(self) -> Self:
        await self._way.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._way.__aexit__(None, None, None)

    async def send(self, request: Outgoing) -> Incoming:
        """Send it on."""
        answer = await self._way.send(request)
        date = answer.headers.get("Date")
        if date is not None:
            self._dates.note(self._system, date)
        return answer
