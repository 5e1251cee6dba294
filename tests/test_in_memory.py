"""The way in memory is to the engine what the transport on real sockets is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.serving import serving
from engine.wire.connections import StaleConnection
from engine.wire.transport import Transport
from engine.wire.way import Incoming, Outgoing, Way
from tests.in_memory import in_memory
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

PATH = "/things%2C1?q=a%20b&c=d"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what arrived."""
    request = Request(scope, receive)
    told = {
        "method": request.method,
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "host": request.headers["host"],
        "type": request.headers.get("content-type"),
        "length": request.headers.get("content-length"),
        "body": (await request.body()).decode(),
    }
    answer = JSONResponse(told, headers={"X-Kind": "a"})
    for name, value in (("X-Kind", "b"), ("Set-Cookie", "one=1"), ("Set-Cookie", "two=2")):
        answer.headers.append(name, value)
    await answer(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Line:
    """A way to the application, and what passes before it."""

    way: Way
    url: str
    traffic: Faults

    async def ask(self, method: str = "POST", timeout_s: float = DEADLINE_S) -> Incoming:
        """Send a request; its answer has begun."""
        content = None if method == "GET" else b'{"a": 1}'
        headers = {} if content is None else {"Content-Type": "application/json"}
        return await self.way.send(Outgoing(method, self.url + PATH, headers, content, timeout_s))

    async def body(self, method: str = "POST") -> bytes:
        """Send a request and read the whole answer."""
        return await read(await self.ask(method))


async def read(answer: Incoming) -> bytes:
    """The whole body; the connection is let go."""
    try:
        return b"".join([piece async for piece in answer.pieces])
    finally:
        await answer.end()


@asynccontextmanager
async def opened(kind: Literal["sockets", "memory"]) -> AsyncGenerator[Line]:
    """A line of this kind."""
    traffic = Faults(echo)
    async with AsyncExitStack() as stack:
        if kind == "sockets":
            urls = await stack.enter_async_context(serving({"echo": traffic}))
            way, url = Transport(), urls["echo"]
        else:
            served = (await stack.enter_async_context(in_memory({"echo": traffic})))["echo"]
            way, url = served.way(), served.base_url
        yield Line(await stack.enter_async_context(way), url, traffic)


@pytest.fixture(params=["sockets", "memory"])
async def line(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncGenerator[Line]:
    """One of each kind."""
    async with opened(request.param) as made:
        yield made


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_same_arrives_and_comes_back(method: str) -> None:
    """Letter by letter, the headers that mean something among it."""
    seen: list[object] = []
    for kind in ("sockets", "memory"):
        async with opened(kind) as line:
            answer = await line.ask(method)
            body = (await read(answer)).decode()
            headers = {name: answer.headers[name] for name in ("x-kind", "Content-Type")}
            seen.append((answer.status, headers, [*answer.cookies], body.replace(line.url[7:], "")))

    assert seen[0] == seen[1]


async def test_a_connection_that_is_cut_is_told_from_one_that_was_kept(line: Line) -> None:
    """Only of a kept one may the server have given it up before anything was sent."""
    drop = Fault(action="drop")
    line.traffic.plan.add(drop)
    with pytest.raises(httpx.ReadError) as fresh:
        await line.ask()
    await line.body()
    line.traffic.plan.add(drop)
    with pytest.raises(StaleConnection):
        await line.ask()
    line.traffic.plan.add(drop)
    with pytest.raises(httpx.ReadError) as again:
        await line.ask()

    assert not isinstance(fresh.value, StaleConnection)
    assert not isinstance(again.value, StaleConnection)
    assert line.traffic.total == 4


async def test_an_answer_that_does_not_come_is_waited_for_no_longer(line: Line) -> None:
    """The request is carried out all the same."""
    # The time is one for connecting too, which is not what is looked at here.
    await line.body()
    line.traffic.plan.add(Fault(action="delay", delay_s=2.0))

    with pytest.raises(httpx.ReadTimeout):
        await line.ask(timeout_s=0.5)

    with anyio.fail_after(DEADLINE_S):
        while line.traffic.in_flight:  # noqa: ASYNC110 # nobody tells when it is done
            await anyio.sleep(0.01)
    assert line.traffic.total == 2


async def test_whoever_goes_away_while_it_is_read_ends_it(line: Line) -> None:
    """An answer without an end is sent for as long as somebody reads."""
    line.traffic.plan.add(Fault(action="endless", status=200))
    answer = await line.ask()
    pieces = aiter(answer.pieces)
    assert await anext(pieces)

    await answer.end()

    with anyio.fail_after(DEADLINE_S):
        while line.traffic.in_flight:  # noqa: ASYNC110 # nobody tells when it is done
            await anyio.sleep(0.01)
    assert b"POST" in await line.body()


async def test_where_nobody_listens_nothing_is_sent(line: Line) -> None:
    """It can be sent again without a doubt."""
    with pytest.raises(httpx.ConnectError):
        await line.way.send(Outgoing("GET", "http://127.0.0.1:9/things", {}, None, DEADLINE_S))
