"""The network: each system's ASGI application, called in process, with trouble from the seed.

A fault strikes one request: lost before it arrives, carried out with the answer lost, an error
before or instead of the answer, a body that is garbage or ends early, or so slow that the client
may give up first. What is under way when a process dies, or is given up, may be carried out all
the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Any

import anyio
import httpx
from starlette.types import ASGIApp, Message

from engine.wire.connections import StaleConnection
from tests.simulation.entering import KEPT, ROLES, Reply, edge_of, enter, note_unwanted
from tests.simulation.fates import FRONT, Fate, Kind
from tests.simulation.life import Life
from tests.simulation.plan import LATE_S, Odds, Outage, System
from tests.simulation.scene import Scene
from tests.simulation.spells import Spells

CREATES = ("opportunities", "prospects", "opportunityProspectRoles")
BLANK = b" " * (1 << 20)
DOCUMENT = "application/vnd.api+json"


@dataclass(slots=True)
class Weather:
    """Draws the fate of every request to one system; fair from `fair_from_s` on."""

    system: System
    rng: Random
    odds: Odds
    outages: tuple[Outage, ...]
    fair_from_s: float
    spells: Spells | None = None
    odd: Random = field(init=False)
    """Draws the form of a trouble, apart from `rng`, whose draws decide the history."""

    def __post_init__(self) -> None:
        self.odd = Random(f"{self.system} {self.fair_from_s} {self.odds}")  # noqa: S311 # chance, not secrets

    @property
    def fair(self) -> bool:
        """Whether nothing goes wrong any more."""
        return anyio.current_time() >= self.fair_from_s

    def latency_s(self) -> float:
        """Seconds one way."""
        return self.rng.uniform(0.005, 0.3)

    def fate(self, request: httpx.Request) -> Fate:
        """What happens to the next request."""
        now = anyio.current_time()
        if now >= self.fair_from_s:
            return Fate()
        for outage in self.outages:
            if outage.start_s <= now < outage.end_s:
                if outage.kind == "unreachable":
                    return Fate(Kind.LOST)
                if outage.kind == "unavailable":
                    return Fate(Kind.STATUS_BEFORE, 503)
        if self.spells is not None and (fate := self.spells.fate(request, now)) is not None:
            return fate
        meddled = self.rng.random() < self.odds.meddled
        draw = self.rng.random()
        for kind, odds in self._kinds():
            if draw < odds:
                return self._fault(kind, request, meddled=meddled)
            draw -= odds
        return Fate(meddled=meddled)

    def _kinds(self) -> list[tuple[Kind, float]]:
        odds = self.odds
        return [
            (Kind.LOST, odds.lost),
            (Kind.STATUS_BEFORE, odds.status_before),
            (Kind.STATUS_AFTER, odds.status_after),
            (Kind.CUT, odds.cut),
            (Kind.GARBAGE, odds.garbage),
            (Kind.TRUNCATED, odds.truncated),
            (Kind.SLOW, odds.slow),
        ]

    def _fault(self, kind: Kind, request: httpx.Request, *, meddled: bool) -> Fate:
        if kind is Kind.STATUS_BEFORE:
            status = self.rng.choice((429, 500, 502, 503))
            headers = self._retry_after() if status in (429, 503) else ()
            return Fate(kind, status, headers, meddled=meddled)
        if kind is Kind.STATUS_AFTER:
            # A service that says "too many" has carried nothing out.
            status = self.rng.choice((500, 502, 503))
            written = request.method != "GET" and request.url.path.startswith("/api/v2/")
            if self.system == "outreach" and written:
                # By the time and not by a draw: what else happens to a seed stays what it was.
                status = (*FRONT, status)[int(anyio.current_time() * 1000) % (len(FRONT) + 1)]
            return Fate(kind, status, meddled=meddled)
        if kind is Kind.SLOW:
            delay_s = self.rng.choice((self.rng.uniform(0.5, 10.0), self.rng.uniform(10.0, 180.0)))
            after = self.rng.random() < 0.5
            return Fate(kind, delay_s=delay_s, after=after, meddled=meddled)
        return Fate(kind, after=self.rng.random() < 0.7, meddled=meddled)

    def _retry_after(self) -> tuple[tuple[str, str], ...]:
        seconds = self.rng.randint(1, 90)
        at = datetime.fromtimestamp(1_790_000_000 + anyio.current_time() + seconds, UTC)
        forms = (
            None,
            str(seconds),
            str(int(at.timestamp())),
            at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            at.strftime("%Y-%m-%dT%H:%M:%S"),
            format_datetime(at.replace(microsecond=0), usegmt=True),
        )
        form = self.rng.choice(forms)
        return () if form is None else (("Retry-After", form),)


@dataclass(slots=True)
class Server:
    """One system: its application, its weather, and what still goes on behind a lost connection."""

    system: System
    app: ASGIApp
    weather: Weather
    scene: Scene
    _behind: dict[asyncio.Task[None], None] = field(
        default_factory=dict[asyncio.Task[None], None], init=False
    )

    async def execute(self, request: httpx.Request, fate: Fate) -> Reply:
        """Carry the request out."""
        self.scene.trace.note("executed", f"{self.system} {request.method} {request.url.path}")
        if fate.meddled and request.method == "PUT":
            self.scene.meddle(request.content.decode())
        reply = await self._ask(request)
        enter(self.scene, self.system, request, reply)
        return reply

    def behind(self, request: httpx.Request, delay_s: float) -> None:
        """Carry it out although nobody waits for the answer any more."""

        async def carry_out() -> None:
            await asyncio.sleep(delay_s)
            await self.execute(request, Fate())

        self._spawn(carry_out())

    def abandoned(self, request: httpx.Request) -> None:
        """The client went away while the request was on its way; it may have arrived."""
        rng = self.weather.rng
        if rng.random() < 0.5:
            self.behind(request, rng.uniform(0.0, LATE_S) if self.may_be_late(request) else 0.0)

    def may_be_late(self, request: httpx.Request) -> bool:
        """Whether a request may be carried out long after its client gave up.

        Creates and guarded writes only: a change of a field that overtook a newer one could not be
        told by anybody, and no service that answers in order does that.
        """
        return request.method in ("POST", "PUT") and request.url.path != "/oauth/token"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._behind[task] = None
        task.add_done_callback(lambda done: self._behind.pop(done, None))

    async def _ask(self, request: httpx.Request) -> Reply:
        url, sent = request.url, False
        replies: list[Message] = []
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "scheme": url.scheme,
            "server": (url.host, 80),
            "client": ("127.0.0.1", 1),
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }

        async def receive() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": request.content, "more_body": False}

        async def send(message: Message) -> None:
            replies.append(message)

        await self.app(scope, receive, send)
        return Reply.made(replies, of=scope.get(KEPT))


class Wire(httpx.AsyncBaseTransport):
    """The way of one process to one system."""

    def __init__(self, server: Server, life: Life) -> None:
        self._server = server
        self._life = life
        self._weather = server.weather

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request through the weather."""
        life, trace = self._life, self._server.scene.trace
        what = f"{self._server.system} {request.method} {request.url.raw_path.decode()}"
        life.instant(f"before {what}")
        fate = self._weather.fate(request)
        trace.note("request", what, request.content)
        if fate.kind is not Kind.WELL:
            trace.note("fault", f"{fate.kind.value} {fate.status or ''}{fate.delay_s or ''} {what}")
        if fate.kind is Kind.DEATH_BEFORE:
            self._die(what)
        self._doubt(request)
        note_unwanted(self._server.scene, request)
        await self._travel(request, fate)
        if fate.kind is Kind.LOST:
            raise httpx.ConnectError("the connection was refused")
        if fate.kind is Kind.STATUS_BEFORE:
            return self._error(fate, what)
        if fate.kind is Kind.GARBAGE and not fate.after:
            return self._garbage(what)
        reply = await self._executed(request, fate)
        if fate.kind is Kind.DEATH_AFTER:
            self._die(what)
        life.instant(f"after {what}")
        await asyncio.sleep(self._weather.latency_s())
        life.check()
        response = self._answer(fate, reply, what)
        if reply.of is not None and response.status_code == reply.of.status:
            self._doubt(request, known=True)
        return response

    def _doubt(self, request: httpx.Request, *, known: bool = False) -> None:
        """Enter in the ledger whether it is known what became of the create of a role."""
        if (request.method, request.url.path) != ("POST", ROLES):
            return
        doubtful = self._server.scene.ledger.doubtful_roles
        edge = edge_of(request)
        doubtful.pop(edge, None)
        if not known:
            patience_s = _patience_s(request)
            doubtful[edge] = anyio.current_time() + patience_s

    def _die(self, what: str) -> None:
        self._life.arm(0)
        self._life.instant(what)

    async def _travel(self, request: httpx.Request, fate: Fate) -> None:
        delay_s = self._weather.latency_s()
        if fate.kind is Kind.SLOW and not fate.after:
            delay_s += fate.delay_s
        patience_s = _patience_s(request)
        try:
            await asyncio.sleep(min(delay_s, patience_s))
        except asyncio.CancelledError:
            if fate.kind is not Kind.LOST:
                self._server.abandoned(request)
            raise
        self._life.check()
        if delay_s >= patience_s:
            if self._server.may_be_late(request):
                self._server.behind(request, min(delay_s - patience_s, LATE_S))
            raise httpx.ReadTimeout("no answer in time")

    async def _executed(self, request: httpx.Request, fate: Fate) -> Reply:
        reply = await self._server.execute(request, fate)
        self._life.check()
        if fate.kind is Kind.SLOW and fate.after:
            patience_s = _patience_s(request)
            await asyncio.sleep(min(fate.delay_s, patience_s))
            self._life.check()
            if fate.delay_s >= patience_s:
                raise httpx.ReadTimeout("no answer in time")
        return reply

    def _answer(self, fate: Fate, reply: Reply, what: str) -> httpx.Response:
        match fate.kind:
            case Kind.CUT if not self._weather.fair and self._weather.odd.random() < 0.5:
                raise StaleConnection("the connection had been given up")
            case Kind.CUT:
                raise httpx.ReadError("the connection was reset")
            case Kind.STATUS_AFTER:
                return self._error(fate, what)
            case Kind.GARBAGE:
                return self._garbage(what)
            case Kind.TRUNCATED if reply.body:
                half = reply.body[: len(reply.body) // 2]
                return httpx.Response(reply.status, headers=reply.headers, stream=_Broken(half))
            case _:
                if not self._weather.fair and reply.status == 200:
                    reply = _odd(reply, what, self._weather.odd)
                self._server.scene.trace.note("answer", f"{reply.status} {what}", reply.body)
                return httpx.Response(reply.status, headers=reply.headers, content=reply.body)

    def _error(self, fate: Fate, what: str) -> httpx.Response:
        self._server.scene.trace.note("answer", f"{fate.status} {what}", str(fate.headers).encode())
        if self._server.system == "outreach" and fate.status == 429:
            body = b'{"errors":[{"id":"rateLimitExceeded","title":"Too many requests"}]}'
            headers = [*fate.headers, ("Content-Type", DOCUMENT)]
            return httpx.Response(429, headers=headers, content=body)
        return httpx.Response(
            fate.status, headers=list(fate.headers), content=b"<html>sorry</html>"
        )

    def _garbage(self, what: str) -> httpx.Response:
        self._server.scene.trace.note("answer", f"garbage {what}")
        headers = {"Content-Type": "application/json"}
        if not self._weather.fair and self._weather.odd.random() < 0.25:
            return httpx.Response(200, headers=headers, stream=_Endless())
        return httpx.Response(200, headers=headers, content=b"<html>upstream error {{{")


def _odd(reply: Reply, what: str, odd: Random) -> Reply:
    """The answer as a front or another release of the service may give it."""
    headers, body = reply.headers, reply.body
    if odd.random() < 0.1:
        headers = [
            (name, value + b"000" if name == b"x-ratelimit-reset" else value)
            for name, value in headers
        ]
    if what.endswith("/oauth/token") and odd.random() < 0.5:
        lifetime = odd.choice((None, 0, -1, 7199.5, "7200", 7_200_000))
        body = json.dumps({**json.loads(body), "expires_in": lifetime}).encode()
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        if odd.random() < 0.5:
            body = b"\xef\xbb\xbf" + body
    return replace(reply, headers=headers, body=body)


class _Endless(httpx.AsyncByteStream):
    """A body that goes on for longer than anybody should read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield BLANK


class _Broken(httpx.AsyncByteStream):
    """A body that ends too early."""

    def __init__(self, half: bytes) -> None:
        self._half = half

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._half
        raise httpx.RemoteProtocolError("the connection was closed within the body")


def _patience_s(request: httpx.Request) -> float:
    return float(request.extensions["timeout"]["read"])
