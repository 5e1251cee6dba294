"""The page's routes: what is shown to whoever may look, and what is done for whoever signed in.

Everything is rendered here, nothing comes from elsewhere, and no script runs: the policy that goes
with each answer says so. It is asked only under names that are ours. Beyond this machine the page
shows nothing to whoever has not signed in, since it shows what records hold.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from engine.about import about
from engine.service.doors import Doors, on_loopback
from engine.service.page import views
from engine.service.page.rendering import rendered, style
from engine.service.page.session import COOKIE, LASTS_S, NONCE_CHARS, Sessions
from engine.service.status import Status
from engine.service.why.asking import Asking

HOME = "/"
BELOW = "/page/"
STYLE_PATH = f"{BELOW}style.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With none at all a browser would not say from which page a form was sent.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FORM_BYTES_MAX = 4096
FIELDS_MAX = 20
NAME_CHARS_MAX = 500
# So many questions are answered at once; each may read both systems.
QUESTIONS_MAX = 2
OK, SEE_OTHER, UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_LARGE = 200, 303, 401, 403, 404, 413

log = structlog.get_logger(component="page")


def is_page(path: str) -> bool:
    """Whether this path is one of the page's."""
    return path == HOME or path.startswith(BELOW)


def style_sheet() -> Response:
    """How every page of ours looks."""
    headers = HEADERS | {"Cache-Control": "max-age=300"}
    return Response(style(), headers=headers, media_type="text/css")


def root_of(request: Request) -> str:
    """What precedes the paths of this page; nothing where a process works on one pair alone."""
    return request.scope.get("root_path", "")


def routes(status: Status, doors: Doors) -> list[Route]:
    """All of them."""
    page = _Page(status, doors, Sessions(doors.page_token))
    shown = page.shown
    return [
        Route(HOME, shown(page.overview)),
        Route(f"{BELOW}list/{{kind}}", shown(page.listed)),
        Route(f"{BELOW}why", shown(page.why)),
        Route(f"{BELOW}mapping", shown(page.mapping)),
        Route(f"{BELOW}sign-in", page.sign_in_form, methods=["GET"]),
        Route(f"{BELOW}sign-in", page.sign_in, methods=["POST"]),
        Route(f"{BELOW}sign-out", page.changing(page.sign_out), methods=["POST"]),
        Route(f"{BELOW}approve", page.changing(page.approve), methods=["POST"]),
        Route(STYLE_PATH, page.style),
    ]


@dataclass(frozen=True, slots=True)
class _Page:
    """Answers; every one of them goes through `_answer`."""

    status: Status
    doors: Doors
    sessions: Sessions
    questions: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(QUESTIONS_MAX)
    )

    def shown(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The same for whoever may look."""

        async def checked(request: Request) -> Response:
            if on_loopback(self.doors.host) or self._signed_in(request):
                return await answer(request)
            return await self.sign_in_form(request, status_code=UNAUTHORISED)

        return checked

    def changing(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The same for whoever signed in, from a form of ours."""

        async def checked(request: Request) -> Response:
            form = await _form(request)
            if form is None:
                return _told("this form is too large", TOO_LARGE)
            cookie = request.cookies.get(COOKIE)
            ours = self.sessions.is_of(cookie, form.get("key", ""), self._now())
            if not (ours and self._from_us(request)):
                return _told("sign in first, and use the button of the page", FORBIDDEN)
            return await answer(request)

        return checked

    async def overview(self, request: Request) -> Response:
        """What there is to be seen at once."""
        values = await views.overview(self.status, self._now())
        return self._answer(request, "overview.html", "Overview", values)

    async def listed(self, request: Request) -> Response:
        """Records of one list, a page of them."""
        kind = request.path_params["kind"]
        if kind not in views.LISTS:
            return self._missing(request)
        number = _page_number(request.query_params.get("page"))
        offset = (number - 1) * views.ROWS_MAX
        rows = await views.rows(self.status.assembly, kind, offset, views.ROWS_MAX + 1)
        title, what = views.LISTS[kind]
        values = {
            "kind": kind,
            "what": what,
            "rows": rows[: views.ROWS_MAX],
            "page": number,
            "more": len(rows) > views.ROWS_MAX,
        }
        return self._answer(request, "list.html", title, values)

    async def why(self, request: Request) -> Response:
        """All that can be said of one record."""
        asked = request.query_params.get("x", "").strip()[:NAME_CHARS_MAX]
        # Somebody else's page may have sent the browser here: that spends no request.
        stranger = request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
        offline = stranger or request.query_params.get("offline") == "1"
        told: dict[str, Any] | None = None
        if asked:
            async with self.questions:
                told = await Asking(self.status.assembly, live=not offline).answer(asked)
        values = {"told": told, "asked": asked, "offline": offline}
        return self._answer(request, "why.html", f"Why {asked}" if asked else "Why", values)

    async def mapping(self, request: Request) -> Response:
        """What fills each field."""
        document = self.status.assembly.mappings.document()
        return self._answer(request, "mapping.html", "Mapping", {"document": document})

    async def sign_in_form(self, request: Request, *, status_code: int = OK) -> Response:
        """Where the token is entered."""
        values = {"wrong": False}
        return self._answer(request, "sign_in.html", "Sign in", values, status_code=status_code)

    async def sign_in(self, request: Request) -> Response:
        """Begin a session, for the token."""
        form = await _form(request)
        if form is None:
            return _told("this form is too large", TOO_LARGE)
        if not self._from_us(request):
            return _told("use the form of the page", FORBIDDEN)
        if not self.sessions.admits(form.get("token", "")):
            log.warning("sign_in_refused")
            return self._answer(
                request, "sign_in.html", "Sign in", {"wrong": True}, status_code=FORBIDDEN
            )
        answer = _home(request)
        answer.set_cookie(
            COOKIE,
            self.sessions.begun(self._now(), secrets.token_hex(NONCE_CHARS // 2)),
            max_age=LASTS_S,
            path=root_of(request) + HOME,
            httponly=True,
            samesite="strict",
            secure=request.headers.get("x-forwarded-proto") == "https",
        )
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the session of this browser."""
        answer = _home(request)
        answer.delete_cookie(COOKIE, root_of(request) + HOME, httponly=True, samesite="strict")
        return answer

    async def approve(self, request: Request) -> Response:
        """Let what the fuse holds go on."""
        await self.status.assembly.fuse_keeper.approve()
        return _home(request)

    async def style(self, _: Request) -> Response:
        """The style sheet."""
        return style_sheet()

    def _answer(
        self,
        request: Request,
        template: str,
        title: str,
        values: dict[str, Any],
        *,
        status_code: int = OK,
    ) -> Response:
        signed_in = self._signed_in(request)
        given = {
            "title": title,
            "root": root_of(request),
            "lists": views.LISTS,
            "now": self._now(),
            "version": about().version,
            "instance": self.status.assembly.config.engine.service.instance,
            "words": self.status.assembly.config.connectors.words,
            "buttons": self.sessions.offered,
            "signed_in": signed_in,
            "open": on_loopback(self.doors.host) or signed_in,
            "key": self.sessions.form_key(request.cookies[COOKIE]) if signed_in else "",
            **values,
        }
        text = rendered(template, given)
        return Response(text, status_code, HEADERS, media_type="text/html")

    def _missing(self, request: Request) -> Response:
        return self._answer(request, "missing.html", "Not found", {}, status_code=NOT_FOUND)

    def _signed_in(self, request: Request) -> bool:
        return self.sessions.holds(request.cookies.get(COOKIE), self._now())

    def _from_us(self, request: Request) -> bool:
        """Whether a page of ours sent this, as far as the browser says."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        origin = request.headers.get("origin")
        if origin is None:
            return True
        scheme, _, host = origin.partition("://")
        return scheme in {"http", "https"} and self.doors.knows(host or None, only_shows=False)

    def _now(self) -> float:
        return self.status.assembly.environment.clock.now()


def _home(request: Request) -> RedirectResponse:
    return RedirectResponse(root_of(request) + HOME, SEE_OTHER, HEADERS)


def _page_number(text: str | None) -> int:
    known = text is not None and text.isascii() and text.isdigit() and len(text) <= 6
    return min(max(1, int(text or 1)), views.PAGES_MAX) if known else 1


async def _form(request: Request) -> dict[str, str] | None:
    """What a form holds; None for one that is longer than any of ours."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return None
    try:
        text = body.decode(errors="replace")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return None
    return {name: values[0] for name, values in fields.items()}


def _told(text: str, status_code: int) -> Response:
    return PlainTextResponse(f"{text}\n", status_code, HEADERS)
