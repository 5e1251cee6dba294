"""The port of a process of a fleet: itself, its pairs as a list, and each pair below its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from engine.about import about
from engine.service import http
from engine.service.doors import Doors
from engine.service.fleet import metrics
from engine.service.fleet.runner import Condition, Runner
from engine.service.fleet.standing import Standing

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
    doors = Doors(service.http_address[0], "", frozenset(service.hosts), None, None)
    answers = _Answers(process)
    own = Starlette(
        routes=[
            Route("/", answers.page),
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
        return Response(_page(document(self.process)), media_type="text/html", headers=_HEADERS)


_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def document(process: Standing) -> dict[str, Any]:
    """A fleet as this process sees it, as JSON can carry it."""
    roster = process.roster
    members = () if roster is None else roster.members
    return {
        "schema_version": 1,
        "version": about().version,
        "fleet": process.fleet.table.name,
        "ready": process.trouble is None and roster is not None,
        "reason": None if process.trouble is None else process.trouble.message,
        "members": [
            {"holder": one.holder, "weight": one.weight, "here": one.id == process.id}
            for one in members
        ],
        "pairs": [pair_document(process, name) for name in names(process)],
    }


def names(process: Standing) -> list[str]:
    """Of all pairs that anybody knows."""
    roster = process.roster
    told = set(process.known) | set(process.runners)
    if roster is not None:
        told |= {name for member in roster.members for name in member.pairs}
    return sorted(told)


def pair_document(process: Standing, name: str) -> dict[str, Any]:
    """One pair, as JSON can carry it."""
    runner, known = process.runners.get(name), process.known.get(name)
    ready, reason, remedy = False, reason_of(process, name), None
    if runner is not None:
        ready, remedy = _is_ready(runner), runner.remedy
    elif known is not None and known.trouble is not None:
        remedy = known.trouble.remedy
    return {
        "name": name,
        "here": runner is not None,
        "ready": ready,
        "condition": condition_of(process, name),
        "reason": reason,
        "remedy": remedy,
        "weight": None if known is None else known.weight,
    }


def condition_of(process: Standing, name: str) -> str:
    """How it is with a pair, in a word."""
    runner, known = process.runners.get(name), process.known.get(name)
    if runner is not None:
        return "ready" if _is_ready(runner) else runner.condition.value
    if _paused(process, name):
        return "paused"
    if name in process.owners():
        return "elsewhere"
    return "broken" if known is not None and known.trouble is not None else "unassigned"


def reason_of(process: Standing, name: str) -> str | None:
    """Why a pair is not worked on here, or not ready; None for one that nobody knows, or is."""
    runner, known = process.runners.get(name), process.known.get(name)
    if runner is not None:
        if runner.condition is Condition.WORKING and runner.working is not None:
            return runner.working.status.not_ready()
        return runner.reason or f"the pair is {runner.condition.value}"
    if _paused(process, name):
        return "the pair is paused; wosync pair pause --resume has it go on"
    owner = _owner(process, name)
    if owner is not None:
        return f"{owner} works on the pair"
    if known is None:
        return None
    return known.trouble.message if known.trouble is not None else "no process has taken it yet"


def _is_ready(runner: Runner) -> bool:
    working = runner.working
    return (
        runner.condition is Condition.WORKING
        and working is not None
        and working.status.not_ready() is None
    )


def _paused(process: Standing, name: str) -> bool:
    row = None if process.roster is None else process.roster.rows.get(name)
    return row is not None and row.paused


def _owner(process: Standing, name: str) -> str | None:
    """Which process is to work on a pair, for a person."""
    members = () if process.roster is None else process.roster.members
    id_ = process.owners().get(name)
    return next((member.holder for member in members if member.id == id_), None)


def _page(told: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{_name(one)}</td><td>{escape(one['condition'])}</td>"
        f"<td>{escape(one['reason'] or '')}</td></tr>"
        for one in told["pairs"]
    )
    return (
        f"<!doctype html><title>wosync fleet {escape(told['fleet'])}</title>"
        "<style>body{font-family:sans-serif;margin:2em}td,th{padding:.3em 1em;text-align:left}"
        f"</style><h1>Fleet {escape(told['fleet'])}</h1>"
        f"<p>{len(told['members'])} processes, {len(told['pairs'])} pairs</p>"
        f"<table><tr><th>Pair</th><th>Here</th><th>Why</th></tr>{rows}</table>"
    )


def _name(pair: Mapping[str, Any]) -> str:
    name = escape(pair["name"])
    return f'<a href="{BELOW}{name}/">{name}</a>' if pair["here"] else name
