"""The HTTP face: OAuth endpoints and `/api/v2`, in the order the real service checks things.

Maintenance, token, rate limit, route, plan and scope, media type, then the request itself.
Everything between reading a body and answering happens without a pause, so requests never see half
a write.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.sandbox.dating import Dated
from connectors.sandbox.outreach import consent
from connectors.sandbox.outreach.api import Api, Call
from connectors.sandbox.outreach.envelope import (
    Refused,
    oauth_refusal,
    plain_json,
)
from connectors.sandbox.outreach.oauth import Grant
from connectors.sandbox.outreach.query import Query
from connectors.sandbox.outreach.schema import ALL_SCOPES
from connectors.sandbox.outreach.world import OutreachWorld

_ANY_METHOD: Final = ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]
_VERBS: Final = ("read", "write", "delete", "all")

Endpoint = Callable[[Request], Awaitable[Response]]


def outreach_app(world: OutreachWorld) -> ASGIApp:
    """The ASGI application of one world: `/oauth/*` and `/api/v2/*` on one origin (§16.1)."""
    doors = _Doors(world)
    served = Starlette(
        routes=[
            Route("/oauth/authorize", doors.authorize, methods=["GET"]),
            Route("/oauth/authorize", doors.decide, methods=["POST"]),
            Route("/oauth/token", doors.token, methods=["POST"]),
            Route("/api/v2/{path:path}", doors.api, methods=_ANY_METHOD),
            Route("/{path:path}", doors.elsewhere, methods=_ANY_METHOD),
        ]
    )
    return Dated(served, lambda: world.clock() if world.knobs.date_header else None)


class _Doors:
    def __init__(self, world: OutreachWorld) -> None:
        self._world = world
        self._api = Api(world)

    async def authorize(self, request: Request) -> Response:
        """The consent page, shown, or answered at once by the consenting user (§3.1)."""
        self._world.stats["GET", "/oauth/authorize"] += 1
        asked = dict(request.query_params)
        try:
            target = self._redirect_target(asked)
        except Refused as refusal:
            return _refusal(refusal)
        refused = _refused_at_once(asked)
        if refused is None and self._world.knobs.consent == "ask":
            page = consent.page(asked, self._world.users.rows(), self._consenting_user())
            return HTMLResponse(page, headers={"Cache-Control": "no-store"})
        denied = self._world.knobs.consent == "deny"
        granted = refused or self._consent(asked, None if denied else self._consenting_user())
        return self._led_back(target, asked, granted)

    async def decide(self, request: Request) -> Response:
        """What the user does with the page: allow what is ticked, or cancel."""
        self._world.stats["POST", "/oauth/authorize"] += 1
        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"))
        asked = dict(pairs)
        asked["scope"] = " ".join(value for name, value in pairs if name == "scope")
        try:
            target = self._redirect_target(asked)
        except Refused as refusal:
            return _refusal(refusal)
        allowed = asked.get(consent.DECISION) == consent.ALLOW
        user = asked.get("user", "")
        user_id = int(user) if allowed and user.isdecimal() else None
        outcome = _refused_at_once(asked) if allowed else None
        return self._led_back(target, asked, outcome or self._consent(asked, user_id))

    def _led_back(self, target: str, asked: Mapping[str, str], outcome: dict[str, str]) -> Response:
        if "state" in asked:
            outcome["state"] = asked["state"]
        joint = "&" if "?" in target else "?"
        return RedirectResponse(f"{target}{joint}{urlencode(outcome)}", 302)

    def _redirect_target(self, asked: Mapping[str, str]) -> str:
        app = self._world.vault.app(asked.get("client_id", ""))
        target = asked.get("redirect_uri", "")
        if app is None:
            raise oauth_refusal(401, "invalid_client", "The client is unknown.")
        if not target or (app.redirect_uris and target not in app.redirect_uris):
            raise oauth_refusal(400, "invalid_request", "The redirect URI is not registered.")
        return target

    def _consenting_user(self) -> int | None:
        user_id = self._world.knobs.consenting_user_id
        if user_id is None:
            user_id = next((row.id for row in self._world.users.rows()), None)
        return user_id

    def _consent(self, asked: Mapping[str, str], user_id: int | None) -> dict[str, str]:
        if user_id is None or self._world.users.get(user_id) is None:
            return {"error": "access_denied"}
        grant = Grant(asked["client_id"], user_id, tuple(asked["scope"].split()))
        return {"code": self._world.vault.issue_code(grant, asked["redirect_uri"])}

    async def token(self, request: Request) -> Response:
        """The token endpoint; form or JSON body (§3.1)."""
        self._world.stats["POST", "/oauth/token"] += 1
        body = await request.body()
        try:
            self._world.limits.check_maintenance()
            form = _form(body, request.headers.get("content-type", ""))
            return plain_json(self._world.vault.exchange(form))
        except Refused as refusal:
            return _refusal(refusal)

    async def api(self, request: Request) -> Response:
        """Every path below `/api/v2/`."""
        call = Call(
            request.method,
            tuple(request.path_params["path"].split("/")),
            Query.parse(request.scope["query_string"]),
            request.headers.get("authorization"),
            request.headers.get("content-type", ""),
            await request.body(),
            self._world.knobs.public_base_url or f"{request.url.scheme}://{request.url.netloc}",
        )
        return self._api.respond(call)

    async def elsewhere(self, request: Request) -> Response:
        """What the gateway says outside the API (§5)."""
        self._world.stats[request.method, "*"] += 1
        return _refusal(oauth_refusal(404, "404", "route not found"))


def _refused_at_once(asked: Mapping[str, str]) -> dict[str, str] | None:
    """What is wrong with the request itself, before anybody is asked."""
    scopes = asked.get("scope", "").split()
    known = {name.rpartition(".")[0] for name in ALL_SCOPES} | {"webhooks"}
    if asked.get("response_type") != "code":
        return {"error": "unsupported_response_type"}
    if not scopes or not all(_is_scope(scope, known) for scope in scopes):
        return {"error": "invalid_scope"}
    return None


def _is_scope(scope: str, known: set[str]) -> bool:
    resource, _, verb = scope.rpartition(".")
    return resource in known and verb in _VERBS


def _form(body: bytes, content_type: str) -> dict[str, str]:
    if content_type.partition(";")[0].strip() != "application/json":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        parsed: Any = json.loads(body)
    except ValueError as error:
        raise oauth_refusal(400, "invalid_request", "The body is not JSON.") from error
    if not isinstance(parsed, dict):
        raise oauth_refusal(400, "invalid_request", "The body is not a JSON object.")
    return {key: str(value) for key, value in cast("dict[str, Any]", parsed).items()}


def _refusal(refusal: Refused) -> Response:
    return Response(refusal.body, refusal.status, refusal.headers, refusal.media_type)
