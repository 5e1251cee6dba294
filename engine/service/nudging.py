"""Nudging: `POST /nudge`, by which the source has its edits looked for at once.

It is the one route that somebody on another machine calls, through a proxy as a rule: it takes a
token of its own, which lets nobody do anything else, and does no work itself.
"""

from __future__ import annotations

import math

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.service.doors import Doors
from engine.service.headers import NUDGE_TOKEN
from engine.service.status import Status

PATH = "/nudge"
BEARER = "bearer "
ACCEPTED, FORBIDDEN, OFF = 202, 403, 404
_OFF = "nudges are off: to have them, set nudge_token under [service] and restart the service\n"
_FORBIDDEN = f"the token of {PATH} goes into the header {NUDGE_TOKEN}, and this is not it\n"


def route(status: Status, doors: Doors) -> Route:
    """The route, also where nudges are off: whoever sets them up wants to hear why."""

    async def nudge(request: Request) -> Response:
        if doors.nudge_token is None:
            return PlainTextResponse(_OFF, status_code=OFF)
        if not doors.nudged_by(_token(request)):
            return PlainTextResponse(_FORBIDDEN, status_code=FORBIDDEN)
        looks_in_s = status.assembly.poller.pace.nudge()
        told = {"schema_version": 1, "looks_in_s": math.ceil(looks_in_s * 10) / 10}
        return JSONResponse(told, status_code=ACCEPTED)

    return Route(PATH, nudge, methods=["POST"])


def _token(request: Request) -> str | None:
    own = request.headers.get(NUDGE_TOKEN)
    if own is not None:
        return own
    given = request.headers.get("authorization", "")
    return given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else None
