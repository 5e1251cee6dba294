"""The real HTTP transport: aiohttp's connections under httpx's interface.

About a fifth of the CPU of httpx's own transport at sixteen connections. Two things are put
right here, because a lost answer must never pass for a request that was not sent: the transport
reports a connection that broke after sending as a failed connect, and lets some errors of
aiohttp through as they are.

A third: aiohttp sends GET, PUT and DELETE again by itself when a kept connection broke, behind
the back of everybody who counts requests or has a ticket that is good for one. What it looks for to
do so is given another class on its way out, which is what the library offers middlewares for. Who
may repeat a request learns of a stale connection as `StaleConnection`.
"""

from __future__ import annotations

import ssl
from contextvars import ContextVar

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from engine.wire.connections import StaleConnection

CONNECTIONS_MAX = 100
# Below the idle time-out of common load balancers, so that a connection they are about to close
# is not used for a create.
KEEPALIVE_S = 5.0
# Longest line of a head and longest header: gateways add policies and cookies of many kilobytes.
HEADER_BYTES_MAX = 64 * 1024
HEADERS_MAX = 512

_kept: ContextVar[bool] = ContextVar("kept", default=False)


class _Broken(aiohttp.ClientConnectionError):
    """The connection broke after the request had begun to leave."""


class _Stale(_Broken):
    """It was one kept from an earlier request, and no head of an answer came."""


class Transport(AiohttpTransport):
    """Connections of one system; no cookie is ever kept, none sent that was not asked for."""

    def __init__(self) -> None:
        # Unused beside a session of one's own; the default would read every certificate there is.
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), client=_session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request.

        Raises:
            httpx.ConnectError, httpx.ConnectTimeout: no connection was made; nothing was sent.
            httpx.HTTPError: anything else; the request may have been executed.
        """
        try:
            return await super().handle_async_request(request)
        except httpx.HTTPError as error:
            raise _truthful(error, error.__cause__) from error.__cause__
        except (aiohttp.ClientError, OSError) as error:
            raise _truthful(httpx.RemoteProtocolError(str(error)), error) from error


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEPALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(_sent_once,),
        trace_configs=[_watching_connections()],
        max_line_size=HEADER_BYTES_MAX,
        max_field_size=HEADER_BYTES_MAX,
        max_headers=HEADERS_MAX,
    )


def _watching_connections() -> aiohttp.TraceConfig:
    async def reused(*_: object) -> None:
        # Told within the task of the request, so a context variable reaches `_sent_once`.
        _kept.set(True)

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(reused)
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


def _truthful(error: httpx.HTTPError, cause: BaseException | None) -> httpx.HTTPError:
    text = str(cause or error) or type(cause or error).__name__
    if isinstance(cause, _Stale):
        return StaleConnection(text)
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout(text)
    if isinstance(cause, aiohttp.ClientConnectorError):
        return httpx.ConnectError(text)
    if isinstance(cause, TimeoutError):
        return httpx.ReadTimeout(text)
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return httpx.ReadError(text)
    return error
