"""The port of a process of a fleet: itself, its pairs as a list, and each pair below its name."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from engine.service import http
from engine.service.doors import Doors
from engine.service.fleet import metrics
from engine.service.fleet.standing import Standing
from engine.service.fleet.telling import document, reason_of
from engine.service.page.rendering import rendered
from engine.service.page.routes import HEADERS, STYLE_PATH, style_sheet

BELOW = "/pair/"
NOT_FOUND, UNAVAILABLE = 404, 503


@dataclass(frozen=True, slots=True)
class Pairs:
    """Hands each request for a pair to whoever works on it, and the others on."""

    process: Standing
    own: http.ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(BELOW):
            await self.own(scope, receive, send)
            return
        name, _, rest = scope["path"][len(BELOW) :].partition("/")
        root, path = f"{BELOW}{name}", f"/{rest}"
        inner = {**scope, "root_path": root, "path": path, "raw_path": path.encode()}
        runner = self.process.runners.get(name)
        if runner is not None and runner.app is not None:
            await runner.app(inner, receive, send)
        else:
            await self._instead(name, path)(scope, receive, send)

    def _instead(self, name: str, path: str) -> Response:
        """What is said of a pair that nobody works on here."""
        reason = reason_of(self.process, name)
        if reason is None:
            return PlainTextResponse("there is no such pair\n", status_code=NOT_FOUND)
        if path == "/status":
            return JSONResponse(
                {"schema_version": 1, "ready": False, "standby": True, "reason": reason}
            )
        if path in {"/readyz", "/leaderz", "/"}:
            return PlainTextResponse(f"{reason}\n", status_code=UNAVAILABLE)
        return PlainTextResponse(f"{reason}\n", status_code=NOT_FOUND)


def application(process: Standing) -> http.ASGIApp:
    """The routes of a process; all of them are behind its doors."""
    service = process.fleet.service
    # Nobody changes anything of the process itself, so there is no token for that.
    doors = Doors.that_only_show(service)
    answers = _Answers(process)
    own = Starlette(
        routes=[
            Route("/", answers.page),
            Route(STYLE_PATH, answers.style),
            Route("/metrics", answers.metrics),
            Route("/healthz", answers.healthz),
            Route("/readyz", answers.readyz),
            Route("/status", answers.status),
        ],
        middleware=[Middleware(http.Guard, doors=doors)],
    )
    return Pairs(process, own)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a process says of itself; none of it shows a secret, or what a record holds."""

    process: Standing

    async def healthz(self, _: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(self, _: Request) -> Response:
        process = self.process
        ready = process.roster is not None and not process.stop.is_set()
        return PlainTextResponse(f"{process.line()}\n", status_code=200 if ready else UNAVAILABLE)

    async def status(self, _: Request) -> Response:
        return JSONResponse(document(self.process))

    async def metrics(self, request: Request) -> Response:
        body, content_type = await metrics.exposed(self.process, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    async def page(self, _: Request) -> Response:
        text = rendered("fleet.html", document(self.process))
        return Response(text, headers=HEADERS, media_type="text/html")

    async def style(self, _: Request) -> Response:
        return style_sheet()
