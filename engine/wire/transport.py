"""The real way out: aiohttp's connections, with httpx's names for what goes wrong.

A third of the CPU of httpx's own connections. Two things are put right here, because a lost answer
must never pass for a request that was not sent: what broke after sending is never a failed
connect, and whatever aiohttp raises has a name.

A third: aiohttp sends GET, PUT and DELETE again by itself when a kept connection broke, behind
the back of everybody who counts requests or has a ticket that is good for one. What it looks for to
do so is given another class on its way out, which is what the library offers middlewares for. Who
may repeat a request learns of a stale connection as `StaleConnection`.

And a fourth: what a network swallows the kernel sends again for minutes, also for a process that
has given it up, stands still or is gone. A create that arrived so late would have been made again
by then, and who may send for a while only has somebody else in his place by then.
"""

from __future__ import annotations

import fcntl
import re
import socket
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Self
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.tracing import Trace
from multidict import CIMultiDict
from yarl import URL

from engine.errors import EngineError
from engine.wire.connections import StaleConnection
from engine.wire.way import Guard, Incoming, Outgoing

CONNECTIONS_MAX = 100
# Below the idle time-out of common load balancers, so that a connection they are about to close
# is not used for a create.
KEEPALIVE_S = 5.0
# Longest line of a head and longest header: gateways add policies and cookies of many kilobytes.
HEADER_BYTES_MAX = 64 * 1024
HEADERS_MAX = 512
# What nobody has acknowledged for so long is given up, of a process that stands still as well: long
# before anybody who takes over has looked for it long enough.
UNHEARD_S = 20.0
_AT_ONCE_MS = 1
# Of what the kernel tells of a connection the time, in microseconds, after which it sends again.
_SENT_AGAIN_US = struct.Struct("8xI")
# Whether a connection that is closed takes along what is still to be sent on it, and says so.
_DROPPED, _SENT_ON = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
_INT = struct.Struct("i")
# An address that needs no encoding; any other, such as a link with a space in it, is encoded.
_PLAIN = re.compile(r"[!-~]+")

_kept: ContextVar[bool] = ContextVar("kept", default=False)


class _Broken(aiohttp.ClientConnectionError):
    """The connection broke after the request had begun to leave."""


class _Stale(_Broken):
    """It was one kept from an earlier request, and no head of an answer came."""


class _Connector(aiohttp.TCPConnector):
    """Connections on which nothing is sent any more once nobody waits for an answer."""

    def __init__(self, guard: Guard | None) -> None:
        super().__init__(limit=CONNECTIONS_MAX, keepalive_timeout=KEEPALIVE_S)  # pyright: ignore[reportUnknownMemberType] # a factory of sockets, which nobody gives
        self.guard = guard
        self._used = WeakSet[object]()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 # the library's own
    ) -> aiohttp.connector.Connection:
        """A connection for a request that is about to leave."""
        connection = await super().connect(req, traces, timeout)
        # Within the task of the request, so a context variable reaches `_sent_once`.
        _kept.set(connection.protocol in self._used)
        self._used.add(connection.protocol)
        # Between this and the first byte of a request without a body nothing is waited for.
        try:
            unheard_s = UNHEARD_S if self.guard is None else min(self.guard(), UNHEARD_S)
        except BaseException:
            connection.release()
            raise
        if connection.transport is not None:
            made: socket.socket | None = connection.transport.get_extra_info("socket")
            if made is not None:
                _drop_when_closed(made, unheard_s)
                connection.add_callback(lambda: _keep_what_arrived(made))
        return connection


def _drop_when_closed(made: socket.socket, unheard_s: float) -> None:
    """Closed by whomever, it takes along what is still to be sent on it.

    Args:
        unheard_s: so long what was sent may stay without a sign that it arrived.
    """
    # It may have been closed from the other side meanwhile.
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROPPED)
        if sys.platform == "linux":
            told = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SENT_AGAIN_US.size)
            # It counts from the first time on that it sends something again.
            (again_us,) = _SENT_AGAIN_US.unpack(told)
            unheard_ms = max(_AT_ONCE_MS, int(unheard_s * 1000 - again_us / 1000))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unheard_ms)


def _keep_what_arrived(made: socket.socket) -> None:
    """The request is over: where the other side has all of it, it may be closed as any other."""
    with suppress(OSError, ValueError):
        (left,) = _INT.unpack(fcntl.ioctl(made.fileno(), termios.TIOCOUTQ, bytes(_INT.size)))
        if not left:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SENT_ON)


class Transport:
    """Connections of one system; no cookie is ever kept, none sent that was not asked for.

    Args:
        guard: asked when a connection is there, and again right before the first byte leaves on it.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def send(self, request: Outgoing) -> Incoming:
        """Send it; see `Way`."""
        if self._opened is None:
            self._opened = _session(self._guard)
        try:
            response = await self._opened.request(
                request.method,
                _address(request.url),
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
                timeout=_timeout(request.timeout_s),
            )
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, EngineError):
                # What the guard said when the request was about to leave.
                raise error.__cause__ from None
            raise _named(error) from error
        headers, cookies = _headers(response)

        async def end() -> None:
            response.release()
            await response.wait_for_close()

        return Incoming(response.status, headers, cookies, _pieces(response), end)


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in response.content.iter_any():
            yield piece
    except (aiohttp.ClientError, OSError) as error:
        raise _named(error) from error


def _headers(response: aiohttp.ClientResponse) -> tuple[Mapping[str, str], list[str]]:
    cookies = response.headers.getall("Set-Cookie", [])
    raw = response.raw_headers
    plain = b"".join([value for _, value in raw]).isascii()
    if plain and len({name.lower() for name, _ in raw}) == len(raw):
        return response.headers, cookies
    joined = CIMultiDict[str]()
    for name, value in raw:
        key, text = _text(name), _text(value)
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined, cookies


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _address(url: str) -> URL:
    """The address as it was given, so that a comma within a value stays one of its letters."""
    try:
        return URL(url, encoded=_PLAIN.fullmatch(url) is not None)
    except ValueError as error:
        raise aiohttp.InvalidURL(url) from error


@lru_cache(maxsize=8)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=seconds, sock_connect=seconds, sock_read=seconds)


def _session(guard: Guard | None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=_Connector(guard),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        middlewares=(_sent_once,),
        trace_configs=[] if guard is None else [_asked_again(guard)],
        max_line_size=HEADER_BYTES_MAX,
        max_field_size=HEADER_BYTES_MAX,
        max_headers=HEADERS_MAX,
    )


def _asked_again(guard: Guard) -> aiohttp.TraceConfig:
    async def leaves(*_: object) -> None:
        # A body is written in a task of its own: a process may stand still until that runs.
        guard()

    tracing = aiohttp.TraceConfig()
    tracing.on_request_chunk_sent.append(leaves)
    return tracing


async def _sent_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    _kept.set(False)
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (
        aiohttp.ClientOSError,
        aiohttp.ClientConnectionResetError,
        aiohttp.ServerDisconnectedError,
    ) as error:
        disconnected = isinstance(error, aiohttp.ServerDisconnectedError)
        # What has come of a head stands where otherwise a text does.
        begun = disconnected and not isinstance(error.message, str)
        text = "it ended in the head of the answer" if begun else str(error)
        kind = _Stale if _kept.get() and not begun else _Broken
        raise kind(text or type(error).__name__) from error


def _named(error: Exception) -> httpx.HTTPError:
    text = str(error) or type(error).__name__
    if isinstance(error, _Stale):
        return StaleConnection(text)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return httpx.UnsupportedProtocol(text)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout(text)
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx.ConnectError(text)
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout(text)
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError):
        return httpx.ReadError(text)
    return httpx.RemoteProtocolError(text)
