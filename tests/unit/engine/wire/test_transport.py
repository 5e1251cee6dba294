"""The transport on real sockets: a lost answer never passes for a request that was not sent."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import anyio.abc
import anyio.to_thread
import httpx
import pytest

from connectors.sandbox.serving import free_port
from engine.wire.exchange import NOT_SENT
from engine.wire.transport import Transport
from engine.wire.way import Incoming, Outgoing
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


async def asked(
    way: Transport, url: str, method: str = "POST", timeout_s: float = DEADLINE_S
) -> Incoming:
    """One request whose answer is read to its end."""
    content = b"{}" if method == "POST" else None
    answer = await way.send(Outgoing(method, url, {}, content, timeout_s))
    try:
        async for _ in answer.pieces:
            pass
    finally:
        await answer.end()
    return answer


@pytest.mark.parametrize("handle", [close, reset, babble, cut_short, half_a_head])
async def test_a_connection_that_breaks_after_sending_is_never_reported_as_not_sent(
    handle: Handler,
) -> None:
    """The create may have been executed; sent again without a look it would be a duplicate."""
    async with server(handle) as url, Transport() as way:
        with pytest.raises(httpx.HTTPError) as broken:
            await asked(way, url)

    assert not isinstance(broken.value, NOT_SENT)
    assert str(broken.value)


async def test_an_answer_that_never_comes_is_a_read_time_out() -> None:
    """The server has the request and may be working on it."""
    async with server(silence) as url, Transport() as way:
        with pytest.raises(httpx.ReadTimeout):
            await asked(way, url, timeout_s=0.05)


async def test_a_kept_connection_the_server_closed_is_not_reported_as_not_sent() -> None:
    """An idle connection may die just as the next create goes out on it."""

    async def answer_once_then_break(stream: anyio.abc.SocketStream) -> None:
        await stream.send(HEAD + b"1234567890")
        await stream.receive()

    async with server(answer_once_then_break) as url, Transport() as way:
        assert (await asked(way, url)).status == 200
        with pytest.raises(httpx.HTTPError) as broken:
            await asked(way, url)

    assert not isinstance(broken.value, NOT_SENT)


async def test_a_refused_port_is_reported_as_not_sent() -> None:
    """Nothing was executed, so nothing is in doubt."""
    async with Transport() as way:
        with pytest.raises(httpx.ConnectError):
            await asked(way, f"http://127.0.0.1:{free_port()}/")


async def test_an_unknown_host_is_reported_as_not_sent() -> None:
    """A mistyped base_url must not put every create in doubt."""
    async with Transport() as way:
        with pytest.raises(httpx.ConnectError):
            await asked(way, "http://no-such-host.invalid/")


@pytest.mark.parametrize("address", ["nowhere", "http://", "ftp://crm.example/x", "http://[::1/x"])
async def test_an_address_that_is_none_is_reported_as_not_sent(address: str) -> None:
    """So is one that a system sends us to."""
    async with Transport() as way:
        with pytest.raises(httpx.UnsupportedProtocol):
            await asked(way, address)


async def test_what_an_answer_says_twice_or_in_letters_of_its_own_can_be_read() -> None:
    """A front may put a header of its own beside the service's."""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        lines = (
            b"HTTP/1.1 204 No Content",
            b"www-authenticate: Basic",
            b"WWW-Authenticate: Bearer",
            b"set-cookie: a=1",
            b"set-cookie: b=2",
            b"x-front: caf\xe9 \xc3\xa9",
        )
        await stream.send(b"\r\n".join(lines) + b"\r\n\r\n")

    async with server(answer) as url, Transport() as way:
        told = await asked(way, url)

    assert told.headers.get("www-AUTHENTICATE") == "Basic, Bearer"
    assert list(told.cookies) == ["a=1", "b=2"]
    assert told.headers["X-Front"].isprintable()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("?filter%5Bemails%5D[]=a%2Cb%40x.example&b=%2F%3A%2B", None),
        ("/a%2Fb/%2E%2e/c?page[after]=a%3D%3D", None),
        ("?name=a b", "?name=a+b"),
        ("?name=\u20ac", "?name=%E2%82%AC"),
        ("?name=a\r\nX-Made-Up: 1", "?name=aX-Made-Up:+1"),
    ],
)
async def test_an_address_goes_out_letter_by_letter(given: str, sent: str | None) -> None:
    """A comma that is decoded on the way makes two values of one; a line end makes a header."""
    heads: list[bytes] = []

    async def answer_again(stream: anyio.abc.SocketStream) -> None:
        await stream.send(HEAD + b"1234567890")
        heads.append(await stream.receive())
        await stream.send(HEAD + b"1234567890")

    async with server(answer_again) as url, Transport() as way:
        await asked(way, url, "GET")
        await asked(way, url + given, "GET")

    line = heads[0].split(b"\r\n", 1)[0].decode()
    assert line == f"GET /things{sent or given} HTTP/1.1"
    assert b"\r\nx-made-up" not in heads[0].lower()


async def test_no_cookie_is_kept_from_one_request_to_the_next() -> None:
    """A session belongs to the protocol that knows what it means, not to the connection."""
    heads: list[bytes] = []

    async def answer_twice(stream: anyio.abc.SocketStream) -> None:
        await stream.send(HEAD + b"1234567890")
        heads.append(await stream.receive())
        await stream.send(HEAD + b"1234567890")

    async with server(answer_twice) as url, Transport() as way:
        await asked(way, url, "GET")
        await asked(way, url, "GET")

    assert b"GET /things" in heads[0]
    assert b"cookie" not in heads[0].lower()


def read_all(taken: socket.socket) -> None:
    """Take whatever comes, to the end."""
    while taken.recv(1 << 16):
        pass


async def test_what_was_not_taken_in_time_is_not_sent_behind_ones_back() -> None:
    """The kernel would go on with it; by then the request may have been made anew."""
    with socket.socket() as listener:
        # There is room for a part of it only.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/things"
        async with Transport() as way:
            with pytest.raises(httpx.ReadTimeout):
                await way.send(Outgoing("POST", url, {}, bytes(64 * 1024), 0.3))
            taken, _ = listener.accept()
            with taken, pytest.raises(ConnectionResetError):
                await anyio.to_thread.run_sync(read_all, taken)


async def test_a_connection_whose_request_arrived_is_closed_in_order() -> None:
    """A server counts one that is reset among its failures."""
    ended = anyio.Event()

    async def answer(stream: anyio.abc.SocketStream) -> None:
        await stream.send(HEAD + b"1234567890")
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()
        ended.set()

    async with server(answer) as url:
        async with Transport() as way:
            await asked(way, url)
        with anyio.fail_after(DEADLINE_S):
            await ended.wait()
