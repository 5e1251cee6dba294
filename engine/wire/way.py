"""The way out to one system: what a request is there, and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it is sent.

    Args:
        timeout_s: seconds for connecting, and again for each read.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer whose head has come.

    Args:
        headers: names ignore case; values of one name are joined by commas.
        cookies: the `Set-Cookie` lines by themselves, for they hold commas.
        pieces: the body as it comes; reading it raises httpx.HTTPError when it breaks off.
        end: lets go of the connection, whatever of the body was read.
    """

    status: int
    headers: Mapping[str, str]
    cookies: Sequence[str]
    pieces: AsyncIterable[bytes]
    end: Callable[[], Awaitable[None]]


# Asked right before a request leaves: for how many seconds it may be on its way at most. It raises
# what is to be told in place of sending.
Guard = Callable[[], float]


class Way(Protocol):
    """Sends each request once and follows nothing; no cookie is kept."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *details: object) -> None: ...

    async def send(self, request: Outgoing) -> Incoming:
        """Send it and wait for the head of the answer.

        Raises:
            httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol:
                nothing was sent.
            StaleConnection: see there.
            httpx.HTTPError: anything else; the request may have been executed.
        """
        ...


class Wrapped:
    """What looks at each request, or answer, on the way that it stands in front of."""

    def __init__(self, way: Way) -> None:
        self._way = way

    async def __aenter__(self) -> Self:
        await self._way.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._way.__aexit__(None, None, None)
