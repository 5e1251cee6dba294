"""A way to an emulator within this process, for tests of what the engine does and not of sockets.

What passes between a real connection and the transport stays as it is there: an answer that does
not come in time, a connection that is cut before or amid the answer, one that was kept from an
earlier request, a server that goes on with a request whose sender has gone away. It spares a third
of the CPU of a run, which over loopback both ends of HTTP/1.1 take in the same process.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from multidict import CIMultiDict
from starlette.types import ASGIApp, Message, Scope

from connectors.sandbox.faults import DROP_EXTENSION
from engine.loop import loop_time
from engine.wire.connections import StaleConnection
from engine.wire.transport import KEEPALIVE_S
from engine.wire.way import Incoming, Outgoing, Way

# Pieces of an answer that wait for their reader, before the application waits too.
PIECES_MAX = 4


@dataclass(slots=True)
class _Served:
    """One request on its way through an application, and what has come of its answer."""

    content: bytes
    start: Message | None = None
    pieces: deque[bytes] = field(default_factory=deque[bytes])
    asked: bool = False
    complete: bool = False
    cut: bool = False
    left: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """To the client: something has come."""
    room: asyncio.Event = field(default_factory=asyncio.Event)
    """To the application: a piece was taken, or nobody is there any more."""

    async def receive(self) -> Message:
        """What the application is told."""
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.content, "more_body": False}
        while not (self.left or self.cut or self.complete):
            self.room.clear()
            await self.room.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """What the application answers."""
        if self.left or self.cut:
            return
        if message["type"] == "http.response.start":
            self.start = message
        else:
            if piece := message.get("body", b""):
                self.pieces.append(piece)
            self.complete = not message.get("more_body", False)
        self.news.set()
        while len(self.pieces) > PIECES_MAX and not (self.left or self.complete):
            self.room.clear()
            await self.room.wait()

    def cut_off(self) -> None:
        """The server ends the connection."""
        self.cut = True
        self.news.set()
        self.room.set()

    def leave(self) -> None:
        """The client goes away."""
        self.left = True
        self.room.set()

    async def read(self, timeout_s: float) -> AsyncIterator[bytes]:
        """The body as it comes."""
        while True:
            while self.pieces:
                yield self.pieces.popleft()
                self.room.set()
            if self.complete:
                return
            if self.cut:
                raise httpx.ReadError("the connection was cut amid the answer")
            await self.heard(timeout_s)

    async def heard(self, timeout_s: float) -> None:
        """Wait until something comes."""
        self.news.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self.news.wait()
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time") from error


class Served:
    """An application that is served at an address for the time of a block."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self.base_url = base_url
        self._app = app
        self._tasks: dict[asyncio.Task[None], None] = {}
        # A server does nothing in the name of whoever asks it.
        self._context = copy_context()
        # Each connection has another, by which an application knows it again.
        self._ports: Iterator[int] = itertools.count(1)

    def way(self) -> Way:
        """A client of it with connections of its own."""
        return _InMemory(self)

    def connected(self) -> int:
        """The port that a new connection comes from."""
        return next(self._ports)

    def take(self, request: Outgoing, port: int) -> _Served:
        """Begin with a request, on behalf of whoever is there or not when it ends.

        Raises:
            httpx.ConnectError: it is for another address, where nobody listens.
        """
        if not f"{request.url}/".startswith(f"{self.base_url}/"):
            raise httpx.ConnectError(f"nobody listens at {request.url}")
        served = _Served(request.content or b"")
        scope = _scope(request, port)
        scope["extensions"] = {DROP_EXTENSION: served.cut_off}
        task = asyncio.get_running_loop().create_task(
            self._serve(scope, served), context=self._context.copy()
        )
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return served

    async def _serve(self, scope: Scope, served: _Served) -> None:
        try:
            await self._app(scope, served.receive, served.send)
        finally:
            if not served.complete:
                served.cut_off()

    async def stop(self) -> None:
        """End what is still under way."""
        under_way = [*self._tasks]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


class _InMemory:
    """The connections of one client."""

    def __init__(self, served: Served) -> None:
        self._served = served
        # Port, and when its last answer was read.
        self._kept: list[tuple[int, float]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        self._kept.clear()

    async def send(self, request: Outgoing) -> Incoming:
        """Send it; see `Way`."""
        port, kept = self._connection()
        served = self._served.take(request, port)
        try:
            while served.start is None:
                if served.cut:
                    broken = StaleConnection if kept else httpx.ReadError
                    raise broken("Server disconnected")
                await served.heard(request.timeout_s)
        except BaseException:
            served.leave()
            raise
        headers, cookies = _headers(served.start)

        async def end() -> None:
            if served.complete:
                self._kept.append((port, loop_time()))
            served.leave()

        pieces = served.read(request.timeout_s)
        return Incoming(served.start["status"], headers, cookies, pieces, end)

    def _connection(self) -> tuple[int, bool]:
        """A port, and whether a request has come from there before."""
        while self._kept:
            port, since = self._kept.pop()
            if loop_time() - since < KEEPALIVE_S:
                return port, True
        return self._served.connected(), False


@asynccontextmanager
async def in_memory(apps: Mapping[str, ASGIApp]) -> AsyncGenerator[dict[str, Served]]:
    """Each application at an address of its own, by its name, until the block ends."""
    # Of this machine, as the configuration wants what is not encrypted.
    served = {
        name: Served(app, f"http://127.0.0.1:{number}")
        for number, (name, app) in enumerate(apps.items(), 1)
    }
    try:
        yield served
    finally:
        for each in served.values():
            await each.stop()


def _scope(request: Outgoing, port: int) -> dict[str, Any]:
    url = httpx.URL(request.url)
    content = request.content or b""
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    if content or request.method != "GET":
        headers.append((b"content-length", str(len(content)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "scheme": url.scheme,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", port),
        "headers": [(b"host", url.netloc), *headers],
    }


def _headers(start: Message) -> tuple[Mapping[str, str], list[str]]:
    headers = CIMultiDict[str]()
    cookies: list[str] = []
    for name, value in start.get("headers", []):
        key, text = name.decode(), value.decode()
        if key.lower() == "set-cookie":
            cookies.append(text)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers, cookies
