"""The HTTP face of the emulated Workbooks: an ASGI application over one world."""

import gzip
import json
import re

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.dating import Dated
from connectors.sandbox.workbooks.delays import DELAY_PATH, Call, Delays
from connectors.sandbox.workbooks.formats import OutputFormats
from connectors.sandbox.workbooks.login import log_in
from connectors.sandbox.workbooks.metadata import read_types
from connectors.sandbox.workbooks.params import Params, read_params
from connectors.sandbox.workbooks.reads import read_page
from connectors.sandbox.workbooks.refusals import (
    Redirect,
    Refusal,
    not_allowed,
    not_found,
    refused,
)
from connectors.sandbox.workbooks.sessions import (
    LOGIN_PAGE,
    Caller,
    Session,
    authenticate,
    check_token,
)
from connectors.sandbox.workbooks.world import WorkbooksWorld
from connectors.sandbox.workbooks.writes import write

_COOKIE = "Workbooks-Session"
_VERBS = frozenset({"GET", "POST", "PUT", "DELETE"})
_HALVES = re.compile("[\ud800-\udfff]")
_GZIP_FROM_BYTES = 1_000
_FRESH = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}


def workbooks_app(world: WorkbooksWorld) -> ASGIApp:
    """An ASGI application that serves this world."""
    return Dated(_App(world), world.date)


class _App:
    def __init__(self, world: WorkbooksWorld) -> None:
        self._world = world
        self._delays = Delays(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        request = Request(scope, receive)
        response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.url.path.removeprefix(str(request.scope.get("root_path", "")))
        try:
            if path == LOGIN_PAGE:
                return HTMLResponse("<html><body>Log in to Workbooks</body></html>")
            if path.startswith(DELAY_PATH):
                self._world.stats[("GET", DELAY_PATH)] += 1
                await anyio.sleep(self._world.knobs.delay_s)
                call = self._delays.follow(path.removeprefix(DELAY_PATH))
            else:
                call = await self._call(request, path)
                self._delays.consider(call)
            return self._compressed(request, self._execute(call))
        except Redirect as redirect:
            return _redirect(request, redirect.location)
        except Refusal as refusal:
            return _json(refusal.body, Params(), refusal.status)

    async def _call(self, request: Request, path: str) -> Call:
        params = read_params(
            request.url.query, await request.body(), request.headers.get("content-type", "")
        )
        method = (params.text("_method") or request.method).upper()
        self._world.stats[(method, path)] += 1
        if method not in _VERBS:
            raise Refusal(501, {"failures": [f"Method {method} is not implemented"]})
        agent = request.headers.get("user-agent", "")
        return Call(method, path, params, request.cookies.get(_COOKIE), agent)

    def _execute(self, call: Call) -> Response:
        if self._world.maintenance:
            raise Refusal(403, refused(self._world.maintenance).body)
        if call.path == "/logout":
            self._world.sessions.close(call.session_id or "")
            raise Redirect(LOGIN_PAGE)
        if not call.path.endswith(".api"):
            raise not_found()
        path = call.path.removeprefix("/").removesuffix(".api")
        if path == "login":
            return self._log_in(call)
        return self._serve(call, path)

    def _log_in(self, call: Call) -> Response:
        world = self._world
        if call.method != "POST":
            raise not_allowed(call.method)
        if world.login_refusal:
            raise refused(world.login_refusal)
        session, body = log_in(
            call.params, call.user_agent, world.users, world.sessions, world.databases
        )
        return self._with_cookie(_json(body, call.params), session)

    def _serve(self, call: Call, path: str) -> Response:
        world = self._world
        table = world.table(path)
        if table is None and path != "metadata/types":
            raise not_found()
        caller = authenticate(
            call.params, call.session_id, call.user_agent, world.users, world.sessions
        )
        try:
            formats = self._formats(caller)
            if call.method == "GET" and table is None:
                body = read_types(world, call.params)
            elif call.method == "GET" and table is not None:
                body = read_page(world, table, call.params, formats)
            elif call.method == "PUT" and table is not None:
                check_token(caller, call.params, world.knobs)
                body = write(world, table, call.params, caller, formats)
            else:
                raise not_allowed(call.method)
            response = _json(body, call.params)
        except Refusal as refusal:
            # A refused request is still a response of the session, and carries its cookie.
            response = _json(refusal.body, call.params, refusal.status)
        return self._with_cookie(response, caller.session)

    def _formats(self, caller: Caller) -> OutputFormats:
        knobs, options = self._world.knobs, caller.options
        return OutputFormats(
            date_format=options.get("_json_output_date_format"),
            datetime_format=options.get("_json_output_datetime_format"),
            array_output=knobs.array_output,
            array_quote=knobs.array_quote,
            epoch_as_number=knobs.epoch_as_number,
            unset_checkbox_is_null=not knobs.false_matches_unset,
        )

    def _with_cookie(self, response: Response, session: Session | None) -> Response:
        if session:
            response.headers["Set-Cookie"] = self._world.sessions.cookie(session)
        return response

    def _compressed(self, request: Request, response: Response) -> Response:
        accepted = "gzip" in request.headers.get("accept-encoding", "")
        body = bytes(response.body)
        if self._world.knobs.gzip and accepted and len(body) >= _GZIP_FROM_BYTES:
            response.body = gzip.compress(body, compresslevel=1, mtime=0)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
            response.headers["Content-Length"] = str(len(response.body))
        return response


def _json(body: dict[str, object], params: Params, status: int = 200) -> Response:
    """JSON as the caller likes it: indented, escaped, or wrapped in a function call (§1)."""
    pretty = params.text("json") == "pretty"
    text = json.dumps(
        body,
        ensure_ascii=params.text("json_utf8_encoding") == "u4",
        indent=2 if pretty else None,
        separators=None if pretty else (",", ":"),
    )
    # Half a character, as a database may hold it, has no form but its escape.
    text = _HALVES.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    wrapper = params.text("callback") or params.text("jsonp")
    if wrapper:
        text = f"{wrapper}({text});"
    kind = "application/javascript" if wrapper else "application/json"
    return Response(text, status, dict(_FRESH), f"{kind}; charset=utf-8")


def _redirect(request: Request, location: str) -> Response:
    base = str(request.base_url).rstrip("/")
    html = f'<html><body>You are being <a href="{location}">redirected</a>.</body></html>'
    return HTMLResponse(html, 302, {"Location": f"{base}{location}"})


async def _live(receive: Receive, send: Send) -> None:
    """Nothing to start or stop; a server that asks is told so."""
    while True:
        message: Message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
