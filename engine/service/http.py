"""The service's small HTTP server on the event loop.

Metrics, health, status, mapping and what was granted for whoever asks; approve, authorise and
reload for our own commands; a nudge for whoever has its token; the page at `/`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, cast

import anyio
import anyio.to_thread
import structlog
import uvicorn
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from engine.about import about
from engine.errors import EngineError
from engine.model.acting import request_of
from engine.service import approving, authorising, nudging
from engine.service.acting import Acting
from engine.service.doors import Doors
from engine.service.headers import CONFIG_OF, TOKEN, VERSION, header_of
from engine.service.listening import ACCEPTED_MAX
from engine.service.page import routes as page
from engine.service.planning.desk import Desk
from engine.service.planning.telling import Telling, received
from engine.service.reloading import Reloaded
from engine.service.status import Status
from engine.service.undoing import Asked as ToUndo
from engine.service.undoing import Undoing
from engine.service.why.asking import Asking
from engine.wire.halves import made_whole

# Seconds a kept connection may rest; more than the interval of a usual scraper, which keeps one.
IDLE_S = 75
# Seconds a client has to send a whole request, and to take its answer.
REQUEST_S = 15
ANSWER_S = 60
# Those that take long give a sign of life meanwhile, and end with the connection.
LONG_ANSWER_S = 6 * 3600
PLAN, APPLY, UNDO = "/plan", "/apply", "/undo"
TAKES_LONG = (PLAN, APPLY, UNDO)
CONNECTIONS_MAX = 200
# Methods that change nothing.
SHOWING = frozenset({"GET", "HEAD"})
FORBIDDEN = 403
NOT_OURS = 421

log = structlog.get_logger(component="http")


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is answered on each route; none of them shows a secret."""

    status: Status
    reload: Callable[[], Awaitable[Reloaded]]
    writers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))
    desk: Desk = field(default_factory=Desk)
    undoing: Undoing = field(default_factory=Undoing)

    async def metrics(self, request: Request) -> Response:
        await self.status.refresh()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        # To read more than a thousand series and write them down would keep the loop for long.
        registry = self.status.assembly.metrics.registry
        body = await anyio.to_thread.run_sync(encode, registry, limiter=self.writers)
        return Response(body, headers={"Content-Type": content_type})

    async def healthz(self, _: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(self, _: Request) -> Response:
        reason = self.status.not_ready()
        return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)

    async def leaderz(self, _: Request) -> Response:
        """Whoever serves these routes works on the state, or did; one that stands by has others."""
        leads = self.status.leads()
        return PlainTextResponse(
            "leads\n" if leads else "the lease has ended\n", status_code=200 if leads else 503
        )

    async def show(self, _: Request) -> Response:
        return JSONResponse(await self.status.document())

    async def mapping(self, _: Request) -> Response:
        return JSONResponse(self.status.assembly.mappings.document())

    async def approve(self, request: Request) -> Response:
        given = await _asked(request) if await request.body() else {}
        if given is None:
            return PlainTextResponse("a JSON object is needed\n", status_code=400)
        try:
            approved = await approving.approved(self.status.assembly, given)
        except EngineError as error:
            return JSONResponse({"failure": authorising.failure(error)})
        return JSONResponse({"approved": approved.edits, "run": approved.run})

    async def explain(self, request: Request) -> Response:
        try:
            given = await _asked(request) or {}
            asked, offline = str(given["x"]), bool(given.get("offline", False))
        except KeyError:
            return PlainTextResponse("x is needed\n", status_code=400)
        return JSONResponse(await Asking(self.status.assembly, live=not offline).answer(asked))

    async def act(self, request: Request) -> Response:
        try:
            wanted = request_of(await _asked(request) or {})
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("act, x, code, all and reason are needed\n", status_code=400)
        return JSONResponse(await Acting(self.status.assembly, wanted).answer())

    async def plan(self, request: Request) -> Response:
        asked = await _asked(request)
        if asked is None:
            return PlainTextResponse("a JSON object is needed\n", status_code=400)
        assembly = self.status.assembly
        if not self.status.started:
            return PlainTextResponse("the service is starting\n", status_code=503)

        async def job(out: IO[str]) -> None:
            await self.desk.plan(assembly, asked, out)

        return Telling(job, assembly.config.engine.service.state_dir)

    async def apply(self, request: Request) -> Response:
        assembly = self.status.assembly
        if not self.status.started:
            return PlainTextResponse("the service is starting\n", status_code=503)
        state_dir = assembly.config.engine.service.state_dir
        plan = await received(request, state_dir)

        async def job(out: IO[str]) -> None:
            try:
                await self.desk.apply(assembly, plan, out)
            finally:
                plan.unlink(missing_ok=True)

        return Telling(job, state_dir)

    async def undo(self, request: Request) -> Response:
        try:
            asked = ToUndo.read(await _asked(request) or {})
        except (ValueError, TypeError, OverflowError):
            return PlainTextResponse("x, run or since are needed\n", status_code=400)
        assembly = self.status.assembly
        if not self.status.started:
            return PlainTextResponse("the service is starting\n", status_code=503)

        async def job(out: IO[str]) -> None:
            await self.undoing.answer(assembly, asked, out)

        return Telling(job, assembly.config.engine.service.state_dir)

    async def authority(self, request: Request) -> Response:
        look = authorising.tried if "tried" in request.query_params else authorising.looked
        try:
            return JSONResponse((await look(self.status.assembly)).document())
        except EngineError as error:
            return JSONResponse(authorising.failure(error))

    async def authorise(self, request: Request) -> Response:
        try:
            given = await _asked(request) or {}
            code, redirect_uri = str(given["code"]), str(given["redirect_uri"])
        except KeyError:
            return PlainTextResponse("code and redirect_uri are needed\n", status_code=400)
        try:
            outcome = await authorising.redeemed(self.status.assembly, code, redirect_uri)
        except EngineError as error:
            return JSONResponse(authorising.failure(error))
        missing = [one.name for one in outcome.missing]
        log.info("authorised", missing=missing, ends_at=outcome.standing.ends_at)
        return JSONResponse(outcome.document())

    async def reloaded(self, _: Request) -> Response:
        return JSONResponse((await self.reload()).document())


async def _asked(request: Request) -> dict[str, Any] | None:
    try:
        given: Any = json.loads(made_whole(await request.body()))
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", given) if isinstance(given, dict) else None


def _meant(
    status: Status, answer: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """The same for whoever means this service, and not one with another configuration."""

    async def checked(request: Request) -> Response:
        wanted = request.headers.get(CONFIG_OF)
        ours = status.assembly.config.path
        if wanted is not None and wanted != header_of(ours):
            return JSONResponse({"config": str(ours.resolve())}, status_code=409)
        return await answer(request)

    return checked


def application(
    status: Status, reload: Callable[[], Awaitable[Reloaded]], doors: Doors
) -> Starlette:
    """The routes; all of them are behind the doors."""
    answers = _Answers(status, reload)

    def changing(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
        async def obeyed(request: Request) -> Response:
            if not doors.obeys(request.headers.get(TOKEN)):
                return _FORBIDDEN
            if request.headers.get(VERSION, about().version) != about().version:
                return JSONResponse({"version": about().version}, status_code=409)
            return await answer(request)

        return Route(path, _meant(status, obeyed), methods=["POST"])

    return Starlette(
        routes=[
            Route("/metrics", _meant(status, answers.metrics)),
            Route("/healthz", answers.healthz),
            Route("/readyz", answers.readyz),
            Route("/leaderz", answers.leaderz),
            Route("/status", _meant(status, answers.show)),
            Route("/mapping", _meant(status, answers.mapping)),
            Route("/authority", _meant(status, answers.authority)),
            changing("/approve", answers.approve),
            changing("/why", answers.explain),
            changing("/act", answers.act),
            changing(PLAN, answers.plan),
            changing(APPLY, answers.apply),
            changing(UNDO, answers.undo),
            changing("/authorise", answers.authorise),
            changing("/reload", answers.reloaded),
            nudging.route(status, doors),
            *page.routes(status, doors),
        ],
        middleware=[Middleware(Guard, doors=doors)],
    )


_FORBIDDEN = PlainTextResponse(
    "only a command of the service's own user, or of root, may do this\n", status_code=FORBIDDEN
)


@dataclass(slots=True)
class Guard:
    """Lets a request for a name of ours through to the routes."""

    app: ASGIApp
    doors: Doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        answer: ASGIApp = self._refusal(request) or self.app
        await answer(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        # What records hold is shown under names of ours alone.
        only_shows = request.method in SHOWING and not page.is_page(request.scope["path"])
        if self.doors.knows(request.headers.get("host"), only_shows=only_shows):
            return None
        text = "this is not the service of that name; ask for it by its address\n"
        return PlainTextResponse(text, status_code=NOT_OURS)


@dataclass(frozen=True, slots=True)
class _Signed:
    """Says to whoever means a service of ours that this is one, and its version; also in failure.

    A command takes nothing else for an answer of the service.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[VERSION] = about().version
            await send(message)

        asked = scope["type"] == "http" and CONFIG_OF in Headers(scope=scope)
        await self.app(scope, receive, signed if asked else send)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the service has its own.

    And without its clock, which would wake an idle process ten times a second.
    """

    ended: anyio.Event

    async def main_loop(self) -> None:
        await self.ended.wait()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class _Connection(H11Protocol):
    """A connection that is not kept for nothing.

    The server itself waits for ever for a request to begin or to end, and answers nobody once
    there are too many who wait so. Here each has its time, and the newest one pushes out the one
    that has rested longest.
    """

    _deadline: Any = None
    _answering: RequestResponseCycle | None = None
    _resting_since: float = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._resting_since = self.loop.time()
        self._end_after(REQUEST_S)
        if len(self.connections) > CONNECTIONS_MAX:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_after(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._end_after(REQUEST_S)
        super().data_received(data)
        self._watch_answer()

    def on_response_complete(self) -> None:
        self._resting_since = self.loop.time()
        self._end_after(None)
        super().on_response_complete()
        self._watch_answer()

    @property
    def _rests(self) -> bool:
        # Before the first request there is no cycle.
        return not self.cycle or self.cycle.response_complete

    def _watch_answer(self) -> None:
        whole = not self._rests and not self.cycle.more_body
        if whole and self.cycle is not self._answering:
            self._answering = self.cycle
            # Behind what precedes it where a process works on many pairs.
            takes_long = self.cycle.scope["path"].endswith(TAKES_LONG)
            self._end_after(LONG_ANSWER_S if takes_long else ANSWER_S)

    def _end_after(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = (
            None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
        )

    def _make_room(self) -> None:
        everybody = cast("set[_Connection]", self.connections)
        resting = [one for one in everybody if one is not self and one._rests]
        if resting:
            longest = min(resting, key=lambda one: one._resting_since)
            self.connections.discard(longest)
            longest.transport.abort()


@asynccontextmanager
async def serving(
    status: Status,
    reload: Callable[[], Awaitable[Reloaded]],
    listener: socket.socket,
    doors: Doors,
) -> AsyncGenerator[None]:
    """Serve for the block; a misbehaving client never reaches the service itself."""
    async with serving_app(application(status, reload, doors), listener):
        yield


@asynccontextmanager
async def serving_app(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    """The same for any routes."""
    server = _Server(
        uvicorn.Config(
            _Signed(app),
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            # One line for each client that speaks no HTTP would be theirs to fill the log with.
            log_level="error",
            access_log=False,
            server_header=False,
            # Set by the clock.
            date_header=False,
            timeout_keep_alive=IDLE_S,
            # So many are taken in one turn of the loop, before the first of them can be refused.
            backlog=ACCEPTED_MAX,
            # Reached only while all of them are being answered.
            limit_concurrency=CONNECTIONS_MAX + 1,
        )
    )

    server.ended = anyio.Event()

    async def serve() -> None:
        # Cut short it would leave its socket registered with the event loop.
        with anyio.CancelScope(shield=True):
            await server.serve([listener])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            yield
        finally:
            server.should_exit = True
            server.force_exit = True
            server.ended.set()
