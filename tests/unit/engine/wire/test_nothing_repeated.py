"""Nothing is repeated beneath the exchange, and what the exchange repeats is counted."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable

import anyio
import anyio.abc
import httpx
import pytest

from engine.errors import Unreachable
from engine.flow.lane import retrying
from engine.ports import ConnectorEnvironment
from engine.wire.connections import StaleConnection
from engine.wire.exchange import Exchange
from engine.wire.transport import Transport
from engine.wire.way import Outgoing
from tests.unit.engine.stand_ins import NOW, Observations, environment
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST", "TRACE"]
WELL = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Arrivals:
    """A loopback server that keeps connections and breaks some after reading their request.

    Args:
        breaks: told the number of the request among all, and on its own connection, from 1.
        last_words: sent before a connection is closed.
    """

    def __init__(self, breaks: Callable[[int, int], bool], last_words: bytes = b"") -> None:
        self.breaks = breaks
        self.last_words = last_words
        self.heads: list[bytes] = []
        self.connections = 0

    async def serve(self, stream: anyio.abc.SocketStream) -> None:
        """Answer what comes on one connection."""
        self.connections += 1
        on_this_one = 0
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    head = await stream.receive()
                    self.heads.append(head)
                    on_this_one += 1
                    if self.breaks(len(self.heads), on_this_one):
                        if self.last_words:
                            await stream.send(self.last_words)
                        return
                    head_only = head.startswith(b"HEAD")
                    await stream.send(WELL[:-2] if head_only else WELL)

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[str]:
        """The server's address, while it serves."""
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, self.serve)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 # a socket, no query
            yield f"http://127.0.0.1:{port}/things"
            tasks.cancel_scope.cancel()


async def sent(way: Transport, url: str, method: str = "GET") -> None:
    """One request whose answer is read to its end."""
    answer = await way.send(Outgoing(method, url, {}, None, DEADLINE_S))
    async for _ in answer.pieces:
        pass
    await answer.end()


def breaks_every_kept_connection(_among_all: int, on_its_connection: int) -> bool:
    """The second request on any connection."""
    return on_its_connection == 2


@pytest.mark.parametrize("method", METHODS)
async def test_no_method_is_sent_again_on_a_kept_connection_that_broke(method: str) -> None:
    """What was carried out once would be carried out twice, and nobody would have counted it."""
    server = Arrivals(breaks_every_kept_connection)
    async with (
        server.up() as url,
        Transport() as way,
    ):
        await sent(way, url, method)
        with pytest.raises(StaleConnection):
            await sent(way, url, method)

    assert len(server.heads) == 2


@pytest.mark.parametrize("method", METHODS)
async def test_no_method_is_sent_again_on_a_fresh_connection_that_broke(method: str) -> None:
    """A server that breaks fresh connections is in trouble, which is no staleness."""
    server = Arrivals(lambda _all, _own: True)
    async with (
        server.up() as url,
        Transport() as way,
    ):
        with pytest.raises(httpx.HTTPError) as broken:
            await sent(way, url, method)

    assert len(server.heads) == 1
    assert not isinstance(broken.value, StaleConnection)


async def test_a_head_that_had_begun_is_no_stale_connection() -> None:
    """The server was at work on this very request."""
    server = Arrivals(breaks_every_kept_connection, b"HTTP/1.1 200 OK\r\ncontent-le")
    async with (
        server.up() as url,
        Transport() as way,
    ):
        await sent(way, url)
        with pytest.raises(httpx.HTTPError) as broken:
            await sent(way, url)

    assert not isinstance(broken.value, StaleConnection)
    assert len(server.heads) == 2


async def asked(
    world: ConnectorEnvironment, url: str, times: int, *, repeatable: bool, method: str = "GET"
) -> None:
    """So many requests, one after the other."""
    async with Exchange("crm", world, timeout_s=5) as exchange:
        for _ in range(times):
            await exchange.send(
                method, url, route="/things", operation="read", repeatable=repeatable
            )


async def test_a_reading_on_a_stale_connection_is_sent_once_more_and_counted() -> None:
    """An idle connection that was closed is no outage, and no request goes uncounted."""
    server, seen = Arrivals(breaks_every_kept_connection), Observations()
    world = environment(Transport(), seen)
    async with server.up() as url:
        await asked(world, url, 2, repeatable=True)

    assert len(server.heads) == 3
    assert [status for _, _, status in seen.seen] == ["200", "protocol_error", "200"]
    assert world.governor.budget.used_last_hour(NOW) == 3
    assert world.governor.failures == 0
    assert world.governor.in_flight == 0
    assert not retrying.get()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
async def test_what_is_not_called_repeatable_is_sent_once(method: str) -> None:
    """A write, or an address that is good for one request."""
    server, seen = Arrivals(breaks_every_kept_connection), Observations()
    world = environment(Transport(), seen)
    async with server.up() as url:
        with pytest.raises(Unreachable) as lost:
            await asked(world, url, 2, repeatable=False, method=method)

    assert lost.value.ambiguous
    assert len(server.heads) == 2
    assert world.governor.budget.used_last_hour(NOW) == 2
    assert world.governor.failures == 1


async def test_a_reading_is_repeated_once_and_no_more() -> None:
    """A server that breaks whatever it gets is down."""
    server, seen = Arrivals(lambda number, _own: number >= 2), Observations()
    world = environment(Transport(), seen)
    async with server.up() as url:
        with pytest.raises(Unreachable):
            await asked(world, url, 2, repeatable=True)

    assert len(server.heads) == 3
    assert world.governor.failures == 1


async def test_a_fresh_connection_that_breaks_is_a_failure_at_once() -> None:
    """Otherwise an outage would cost every request twice."""
    server, seen = Arrivals(lambda _all, _own: True), Observations()
    world = environment(Transport(), seen)
    async with server.up() as url:
        with pytest.raises(Unreachable):
            await asked(world, url, 1, repeatable=True)

    assert len(server.heads) == 1
    assert world.governor.failures == 1
