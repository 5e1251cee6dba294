"""The service's HTTP port, as a command talks to it: one request, one answer, no pool, no proxy.

The standard library's client, because a command that only asks would spend most of its time on
loading a larger one; and even that only once somebody listens.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import Message
    from http.client import HTTPConnection, HTTPResponse


class NoAnswer(Exception):  # a state of things, and never shown
    """Nobody listens, or what came is no HTTP."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Args:
        content: what is sent with it, as JSON; or a file, as it is, from its beginning.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    content: dict[str, Any] | IO[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer, and the way to the rest."""

    status: int
    headers: Message
    _rest: HTTPResponse

    def read(self) -> bytes:
        """The whole body.

        Raises:
            NoAnswer: it ended too early, or nothing came for too long.
        """
        try:
            return self._rest.read()
        except _failures() as error:
            raise NoAnswer from error

    def lines(self) -> Iterator[str]:
        """The lines of the body, as they come.

        Raises:
            NoAnswer: as `read`.
        """
        # The response's own lines end without a word where an answer is cut off.
        text = TextIOWrapper(self._rest, "utf-8", errors="replace", newline="\n")
        try:
            for line in text:
                yield line.removesuffix("\n")
        except _failures() as error:
            raise NoAnswer from error


@contextmanager
def answered(
    host: str, port: int, request: Request, timeout_s: float, *, silence_s: float | None = None
) -> Generator[Answer]:
    """The answer to a request, for the block.

    Args:
        timeout_s: for the connection, and for what is sent.
        silence_s: after so long without a sign the answer is given up; `timeout_s` by default.

    Raises:
        NoAnswer: there is none.
    """
    try:
        line = socket.create_connection((host, port), timeout_s)
    except (OSError, ValueError) as error:
        # A name that no resolver takes is a ValueError.
        raise NoAnswer from error
    from http.client import HTTPConnection

    with closing(line), closing(HTTPConnection(host, port)) as connection:
        connection.sock = line
        try:
            # Head and body are two parts, and the second must not wait for the first to be taken.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _send(connection, request)
            line.settimeout(silence_s or timeout_s)
            response = connection.getresponse()
        except _failures() as error:
            raise NoAnswer from error
        with closing(response):
            yield Answer(response.status, response.headers, response)


def _failures() -> tuple[type[Exception], ...]:
    """What somebody who listens, and speaks, may fail with."""
    from http.client import HTTPException

    return OSError, HTTPException, ValueError


def _send(connection: HTTPConnection, request: Request) -> None:
    headers, content = dict(request.headers), request.content
    if isinstance(content, dict):
        headers["Content-Type"] = "application/json"
        content = json.dumps(content).encode()
    elif content is not None:
        headers["Content-Length"] = str(os.fstat(content.fileno()).st_size)
    # Whoever has heard enough answers, and reads no further.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(request.method, request.path, content, headers)
