"""Whoever may lose the right to send is asked at the last moment."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from engine.errors import StateInUse
from engine.wire.guarded import Guarded
from engine.wire.transport import UNHEARD_S, Transport
from engine.wire.way import Outgoing, Way

pytestmark = pytest.mark.anyio

BODY = b"{}"
SOON_S = 0.5
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Heard:
    """What has come to a server, connections and bytes."""

    connections: int = 0
    requests: int = 0
    url: str = ""
    writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request with nothing."""
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n" + BODY)
                self.requests += 1
                writer.write(ANSWER)
                await writer.drain()


@asynccontextmanager
async def listening() -> AsyncGenerator[Heard]:
    """A server, and what it has heard."""
    heard = Heard()
    server = await asyncio.start_server(heard.answer, "127.0.0.1", 0)
    heard.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield heard
    finally:
        for writer in heard.writers:
            writer.close()
        server.close()


@dataclass
class Right:
    """The right to send, while it lasts."""

    lasts: bool = True
    left_s: float = 10.0
    asks: float = math.inf

    def __call__(self) -> float:
        """For how many seconds."""
        self.asks -= 1
        if not self.lasts or self.asks < 0:
            raise StateInUse("another process works on the state")
        return self.left_s


async def ask(way: Way, url: str) -> None:
    """A request, answered to its end."""
    answer = await way.send(Outgoing("POST", url, {}, BODY, 30.0))
    async for _ in answer.pieces:
        pass
    await answer.end()


@pytest.mark.parametrize("kept", [False, True], ids=["a new connection", "a kept one"])
async def test_nothing_leaves_once_the_guard_says_no(*, kept: bool) -> None:
    """A connection may have taken its time; so it is asked when that is there."""
    right = Right()
    async with listening() as heard, Transport(right) as way:
        if kept:
            await ask(way, heard.url)
        right.lasts = False
        with pytest.raises(StateInUse):
            await ask(way, heard.url)

        assert heard.requests == int(kept)
        assert heard.connections <= 1


@pytest.mark.parametrize("kept", [False, True], ids=["a new connection", "a kept one"])
async def test_it_is_asked_again_right_before_the_first_byte_leaves(*, kept: bool) -> None:
    """A process may stand still between the two until another one has taken over."""
    right = Right()
    async with listening() as heard, Transport(right) as way:
        if kept:
            await ask(way, heard.url)
        right.asks = 1
        with pytest.raises(StateInUse):
            await ask(way, heard.url)
        right.asks = math.inf
        await ask(way, heard.url)

        assert heard.requests == 1 + kept


async def test_any_other_way_asks_its_guard_too() -> None:
    """So it is where a test or a simulation takes the place of the network."""
    right = Right()
    async with listening() as heard, Transport() as way:
        guarded = Guarded(way, right)
        await ask(guarded, heard.url)
        right.lasts = False
        with pytest.raises(StateInUse):
            await ask(guarded, heard.url)

        assert heard.requests == 1


async def test_what_was_sent_is_not_on_its_way_for_longer_than_the_guard_says() -> None:
    """Whoever stands still cannot take back what the kernel has; so the kernel gives it up."""
    with socket.socket() as listener:
        # There is room for a part of it only.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/things"
        async with Transport(Right(left_s=SOON_S)) as way:
            with pytest.raises(httpx.ReadError):
                await way.send(Outgoing("POST", url, {}, bytes(1024 * 1024), UNHEARD_S / 2))
