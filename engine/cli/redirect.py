"""Catching the redirect of a consent page: a small HTTP server on loopback, for one answer."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import escape
from urllib.parse import SplitResult, urlsplit

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from engine.decide.consent import NotTheAnswer, code_of
from engine.errors import EngineError, Misconfigured
from engine.service.doors import on_loopback

# Nothing of an answer is to stay in a cache, or be told to the next page.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>wosync</title>
<p>{text}</p></html>
"""


def can_be_caught(redirect_uri: str) -> bool:
    """Whether a redirect to this address arrives at this machine, for us to answer it."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and on_loopback(parts.hostname or "") and _port(parts) is not None


async def caught(redirect_uri: str, state: str) -> str:
    """Wait for the browser to come back, and return the code it brings.

    Raises:
        Misconfigured: the address cannot be listened on, or the consent page refuses the request.
        Unauthorized: the consent was cancelled.
    """
    answer = _Answer(state)
    parts = urlsplit(redirect_uri)
    application = Starlette(routes=[Route(parts.path or "/", answer.take, methods=["GET"])])
    with _listening(parts) as listeners:
        server = _Server(uvicorn.Config(application, log_config=None, lifespan="off", ws="none"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, listeners)
            await answer.came.wait()
            server.should_exit = True
    if answer.error is not None:
        raise answer.error
    return answer.code


@dataclass(slots=True)
class _Answer:
    """The one answer that is waited for; anything else is told so, and waited on."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: EngineError | None = None
    came: anyio.Event = field(default_factory=anyio.Event)

    async def take(self, request: Request) -> Response:
        try:
            self.code = code_of(dict(request.query_params), self.state)
            text = "wosync has the answer. Close this page and go back to the terminal."
        except NotTheAnswer as error:
            return HTMLResponse(PAGE.format(text=escape(f"{error}.")), 400, HEADERS)
        except EngineError as error:
            self.error = error
            text = f"{error}. What to do: {error.remedy}."
        self.came.set()
        return HTMLResponse(PAGE.format(text=escape(text)), headers=HEADERS)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: Ctrl-C ends the command as any other."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextmanager
def _listening(parts: SplitResult) -> Generator[list[socket.socket]]:
    """Listen on every address of the host: a browser may choose any of them."""
    host, port = parts.hostname or "", _port(parts) or 0
    with ExitStack() as sockets:
        listeners: list[socket.socket] = []
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for family, kind, *_, address in sorted(set(found)):
                if not on_loopback(str(address[0])):
                    continue
                listener = sockets.enter_context(socket.socket(family, kind))
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind(address)
                listener.listen()
                listeners.append(listener)
        except OSError as error:
            raise Misconfigured(
                f"the answer of the consent page cannot be awaited on {host}:{port}:"
                f" {error.strerror or error}",
                remedy="end the program that uses the port, name another registered address with"
                " --redirect-uri, or paste the answer: wosync auth --paste",
            ) from error
        yield listeners


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None
