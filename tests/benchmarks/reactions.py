"""Reactions: how long after a poll was answered what follows from it arrives in Outreach."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

POLLED = "/crm/opportunities.api"
CHANGED = "/api/v2/opportunities/"


@dataclass(slots=True)
class Reactions:
    """Looks at the requests of both systems as they pass; seconds of this process's own clock."""

    answered_at: float | None = None
    seconds: list[float] = field(default_factory=list[float])

    def polls(self, app: ASGIApp) -> ASGIApp:
        """The source, with an eye on when it has answered."""

        async def passed(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            if scope["type"] == "http" and scope["path"] == POLLED:
                self.answered_at = time.monotonic()

        return passed

    def changes(self, app: ASGIApp) -> ASGIApp:
        """The target, with an eye on when changes arrive."""

        async def passed(scope: Scope, receive: Receive, send: Send) -> None:
            changes = scope["type"] == "http" and scope["method"] == "PATCH"
            if changes and scope["path"].startswith(CHANGED) and self.answered_at is not None:
                self.seconds.append(time.monotonic() - self.answered_at)
            await app(scope, receive, send)

        return passed

    def routes(self) -> Starlette:
        """`GET /` tells all of them, in order."""

        async def show(_: Request) -> Response:
            return JSONResponse(self.seconds)

        return Starlette(routes=[Route("/", show, methods=["GET"])])
