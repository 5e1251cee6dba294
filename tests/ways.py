"""A way out on a transport of httpx: what tests put in the place of the network."""

from __future__ import annotations

from typing import Self

import httpx

from engine.wire.way import Incoming, Outgoing


class ThroughHttpx:
    """Requests and answers as httpx has them, for stand-ins and emulators."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._transport.__aexit__(None, None, None)

    async def send(self, request: Outgoing) -> Incoming:
        """Send it."""
        response = await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                extensions={"timeout": httpx.Timeout(request.timeout_s).as_dict()},
            )
        )
        assert isinstance(response.stream, httpx.AsyncByteStream)
        cookies = response.headers.get_list("set-cookie")
        return Incoming(
            response.status_code, response.headers, cookies, response.stream, response.aclose
        )
