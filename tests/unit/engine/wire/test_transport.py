"""The transport on real sockets: a lost answer never passes for a request that was not sent."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import anyio.abc
import httpx
import pytest

from connectors.sandbox.serving import free_port
from engine.wire.exchange import NOT_SENT
from engine.wire.transport import Transport
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

Handler = Callable[[anyio.abc.SocketStream], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\nset-cookie: a=b\r\n\r\n"


@contextlib.asynccontextmanager
async def server(handle: Handler) -> AsyncGenerator[str]:
    """A loopback server that reads the request's head and then does as told."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await handle(stream)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, serve)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 # a socket, no query
        yield f"http://127.0.0.1:{port}/things"
        tasks.cancel_scope.cancel()


async def close(stream: anyio.abc.SocketStream) -> None:
    """End the connection without a byte."""
    await stream.aclose()


async def reset(stream: anyio.abc.SocketStream) -> None:
    """Reset the connection, as a crashing machine does."""
    raw = stream.extra(anyio.abc.SocketAttribute.raw_socket)  # noqa: S610 # a socket, no query
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()


async def babble(stream: anyio.abc.SocketStream) -> None:
    """Answer with something that is not HTTP."""
    await stream.send(b"what is this?\r\n\r\n")


async def cut_short(stream: anyio.abc.SocketStream) -> None:
    """End the connection in the middle of the answer."""
    await stream.send(HEAD + b"1234")


async def half_a_head(stream: anyio.abc.SocketStream) -> None:
    """End the connection in the middle of the answer's head."""
    await stream.send(HEAD[:20])


async def silence(stream: anyio.abc.SocketStream) -> None:
    """Never answer."""
    await anyio.sleep(30)


async def asked(url: str, timeout_s: float = 5.0) -> httpx.Response:
    """One POST on a connection of its own."""
    async with httpx.AsyncClient(transport=Transport(), timeout=timeout_s) as client:
        return await client.post(url, content=b"{}")


@pytest.mark.parametrize("handle", [close, reset, babble, cut_short, half_a_head])
async def test_a_connection_that_breaks_after_sending_is_never_reported_as_not_sent(
    handle: Handler,
) -> None:
    """The create may have been executed; sent again without a look it would be a duplicate."""
    async with server(handle) as url:
        with pytest.raises(httpx.HTTPError) as broken:
            await asked(url)

    assert not isinstance(broken.value, NOT_SENT)
    assert str(broken.value)


async def test_an_answer_that_never_comes_is_a_read_time_out() -> None:
    """The server has the request and may be working on it."""
    async with server(silence) as url:
        with pytest.raises(httpx.ReadTimeout):
            await asked(url, 0.05)


async def test_a_kept_connection_the_server_closed_is_not_reported_as_not_sent() -> None:
    """An idle connection may die just as the next create goes out on it."""

    async def answer_once_then_break(stream: anyio.abc.SocketStream) -> None:
        await stream.send(HEAD + b"1234567890")
        await stream.receive()

    async with (
        server(answer_once_then_break) as url,
        httpx.AsyncClient(transport=Transport(), timeout=DEADLINE_S) as client,
    ):
        assert (await client.post(url, content=b"{}")).status_code == 200
        with pytest.raises(httpx.HTTPError) as broken:
            await client.post(url, content=b"{}")

    assert not isinstance(broken.value, NOT_SENT)


async def test_a_refused_port_is_reported_as_not_sent() -> None:
    """Nothing was executed, so nothing is in doubt."""
    with pytest.raises(httpx.ConnectError):
        await asked(f"http://127.0.0.1:{free_port()}/")


async def test_an_unknown_host_is_reported_as_not_sent() -> None:
    """A mistyped base_url must not put every create in doubt."""
    with pytest.raises(httpx.ConnectError):
        await asked("http://no-such-host.invalid/")


async def test_no_cookie_is_kept_from_one_request_to_the_next() -> None:
    """A session belongs to the protocol that knows what it means, not to the connection."""
    heads: list[bytes] = []

    async def answer_twice(stream: anyio.abc.SocketStream) -> None:
        await stream.send(HEAD + b"1234567890")
        heads.append(await stream.receive())
        await stream.send(HEAD + b"1234567890")

    async with (
        server(answer_twice) as url,
        httpx.AsyncClient(transport=Transport(), timeout=DEADLINE_S) as client,
    ):
        await client.get(url)
        client.cookies.clear()
        await client.get(url)

    assert b"GET /things" in heads[0]
    assert b"cookie" not in heads[0].lower()
