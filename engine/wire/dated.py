"""A way that reads the date of each answer."""

from __future__ import annotations

from engine.dates import Dates
from engine.wire.way import Incoming, Outgoing, Way, Wrapped


class Dated(Wrapped):
    """The way to one system, whose dates are noted."""

    def __init__(self, way: Way, system: str, dates: Dates) -> None:
        super().__init__(way)
        self._system = system
        self._dates = dates

    async def send(self, request: Outgoing) -> Incoming:
        """Send it on."""
        answer = await self._way.send(request)
        date = answer.headers.get("Date")
        if date is not None:
            self._dates.note(self._system, date)
        return answer
