"""The way to a system for whoever may lose the right to use it, who is asked for each request."""

from __future__ import annotations

from collections.abc import Callable

from engine.wire.way import Incoming, Outgoing, Way, Wrapped


class Guarded(Wrapped):
    """A way that lets through what its guard does.

    Args:
        way: the way out.
        guard: raises what is to be told in place of sending.
    """

    def __init__(self, way: Way, guard: Callable[[], None]) -> None:
        super().__init__(way)
        self._guard = guard

    async def send(self, request: Outgoing) -> Incoming:
        """Send it, or not.

        Raises:
            StateInUse: another process may be at work by now; nothing was sent.
        """
        self._guard()
        return await self._way.send(request)
