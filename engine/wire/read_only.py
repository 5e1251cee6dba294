"""The way to a system that nothing may be changed in: whatever might, is not sent.

It stands where requests leave, and judges each as it would go out; who asks for it, and what they
believe of it, does not count.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from engine.errors import OurFault
from engine.wire.way import Incoming, Outgoing, Way, Wrapped

log = structlog.get_logger(component="exchange")


class ReadOnly(Wrapped):
    """A way that lets through what surely changes nothing.

    Args:
        way: the way out.
        reads: whether a request (method, address, body) changes nothing.
    """

    def __init__(
        self,
        way: Way,
        system: str,
        reads: Callable[[str, str, bytes], bool],
    ) -> None:
        super().__init__(way)
        self._system = system
        self._reads = reads

    async def send(self, request: Outgoing) -> Incoming:
        """Send it, or not.

        Raises:
            OurFault: it might change something; nothing was sent.
        """
        if not self._reads(request.method, request.url, request.content or b""):
            log.error("write_not_sent", system=self._system, method=request.method)
            raise OurFault(
                "a request that may change something was not sent: nothing may be written here",
                system=self._system,
            )
        return await self._way.send(request)
