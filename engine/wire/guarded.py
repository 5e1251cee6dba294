"""The way to a system for whoever may lose the right to use it, who is asked for each request."""

from __future__ import annotations

from engine.wire.way import Guard, Incoming, Outgoing, Way, Wrapped


class Guarded(Wrapped):
    """A way that lets through what its guard does.

    Args:
        way: the way out.
        guard: asked before each request.
    """

    def __init__(self, way: Way, guard: Guard) -> None:
        super().__init__(way)
        self._guard = guard

    async def send(self, request: Outgoing) -> Incoming:
        """Send it, or not.

        Raises:
            StateInUse: another process may be at work by now; nothing was sent.
        """
        self._guard()
        return await self._way.send(request)
