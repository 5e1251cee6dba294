"""Traffic in front of an emulator: counted, slowed and, on request, broken.

`Faults` wraps an ASGI application from outside, so it sees what a network would: requests going in
and answers coming out. A fault "before" keeps a request from the emulator; a fault "after" lets it
be carried out and spoils the answer, which is how a write succeeds without its sender knowing.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal, cast
from urllib.parse import parse_qs, unquote_plus

import anyio
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Where a server puts, among a scope's extensions, a function that cuts the connection.
DROP_EXTENSION = "sandbox.drop"
GARBAGE = "<html>upstream connect error {{{"

_FORM = b"application/x-www-form-urlencoded"
_CHANGING_SEGMENT = re.compile(r"(?<=/)(?:\d+|[0-9a-f]{32})(?=/|$)")


class ConnectionDropped(ConnectionResetError):
    """The connection was cut on purpose where no real connection exists to be cut."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as faults are matched against it.

    `method` is the effective one: a Workbooks caller may put it into the parameter `_method`
    (workbooks-api §2.2).
    """

    method: str
    path: str
    query: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to go wrong.

    Args:
        method: effective method; None means any.
        path: regular expression searched for in the path; None means any.
        query: regular expression searched for in the query string, as sent and with its encoding
            undone.
        body: regular expression searched for in the body, as sent and with its form encoding
            undone.
        when: "before" the emulator sees the request, or "after" it carried it out.
        action: "status" answers `status` with `text` and `headers`; "drop" cuts the connection
            without a byte; "delay" waits `delay_s` seconds, then goes on as usual; "garbage"
            answers 200 with a body that cannot be read.
        times: how often, None for ever.
        skip: matching requests let through first.
        probability: chance of each further match, 0 to 1.

    Raises:
        ValueError: a regular expression or a number is not valid.
    """

    method: str | None = None
    path: str | None = None
    query: str | None = None
    body: str | None = None
    when: Literal["before", "after"] = "before"
    action: Literal["status", "drop", "delay", "garbage"] = "status"
    status: int = 500
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay_s: float = 0.0
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0

    def __post_init__(self) -> None:
        for pattern in (self.path, self.query, self.body):
            try:
                re.compile(pattern or "")
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        if not 0 <= self.probability <= 1:
            raise ValueError("probability must be between 0 and 1")
        if not 100 <= self.status <= 599:
            raise ValueError("status must be between 100 and 599")
        if self.delay_s < 0 or self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError("delay_s and skip must not be negative, times must be at least 1")

    def concerns(self, call: Call) -> bool:
        """Whether this fault is about such a request."""
        if self.method is not None and self.method.upper() != call.method:
            return False
        if self.path is not None and not re.search(self.path, call.path):
            return False
        return _occurs(self.query, call.query) and _occurs(self.body, call.body)


def _occurs(pattern: str | None, text: str) -> bool:
    """Whether the text has it, as sent or with its form encoding undone."""
    return pattern is None or any(re.search(pattern, one) for one in (text, unquote_plus(text)))


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    skips_left: int
    times_left: int | None


class FaultPlan:
    """The faults still to come, in the order they were added; chance comes from `seed` alone."""

    def __init__(self, *faults: Fault, seed: int = 0) -> None:
        self._rng = Random(seed)
        self._script: list[_Scripted] = []
        self.add(*faults)

    @property
    def waiting(self) -> list[Fault]:
        """Faults that can still happen."""
        return [scripted.fault for scripted in self._script]

    def add(self, *faults: Fault) -> None:
        """Let these happen too."""
        self._script += [_Scripted(fault, fault.skip, fault.times) for fault in faults]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._script.clear()

    def take(self, call: Call, when: Literal["before", "after"]) -> Fault | None:
        """The fault that happens to this request at this point, counted as happened."""
        for scripted in self._script:
            fault = scripted.fault
            if fault.when != when or not fault.concerns(call):
                continue
            if scripted.skips_left:
                scripted.skips_left -= 1
            elif fault.probability >= 1 or self._rng.random() < fault.probability:
                self._count(scripted)
                return fault
        return None

    def _count(self, scripted: _Scripted) -> None:
        if scripted.times_left is not None:
            scripted.times_left -= 1
            if scripted.times_left == 0:
                self._script.remove(scripted)


class Faults:
    """An ASGI application around another one; see the module.

    `counts` has every request by (effective method, path), ids in paths written `{id}`.
    `latency_s` delays each request and may be changed while serving.
    """

    def __init__(
        self, app: ASGIApp, plan: FaultPlan | None = None, *, latency_s: float = 0.0
    ) -> None:
        self.plan = plan or FaultPlan()
        self.latency_s = latency_s
        self.counts: Counter[tuple[str, str]] = Counter()
        self.in_flight = 0
        self.peak_in_flight = 0
        self._app = app

    @property
    def total(self) -> int:
        """Requests counted."""
        return self.counts.total()

    def reset(self) -> None:
        """Start counting anew."""
        self.counts.clear()
        self.peak_in_flight = self.in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ConnectionDropped: a fault cut the connection, and the server offers no way to do so.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            body = await _whole_body(receive)
            if body is not None:
                call = _call(scope, body)
                self.counts[call.method, _CHANGING_SEGMENT.sub("{id}", call.path)] += 1
                await self._serve(call, scope, _replaying(body, receive), send)
        finally:
            self.in_flight -= 1

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if self.latency_s > 0:
            await anyio.sleep(self.latency_s)
        before = self.plan.take(call, "before")
        if before is not None and not await _lets_through(before):
            await _answer(before, scope, receive, send)
            return
        after = self.plan.take(call, "after")
        if after is None:
            await self._app(scope, receive, send)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if not await _lets_through(after):
            await _answer(after, scope, receive, send)
            return
        for message in answer:
            await send(message)


async def _lets_through(fault: Fault) -> bool:
    if fault.action == "delay":
        await anyio.sleep(fault.delay_s)
        return True
    return False


async def _answer(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.action == "drop":
        await _drop(scope, receive)
        return
    if fault.action == "garbage":
        response = Response(fault.text or GARBAGE, 200, dict(fault.headers), "application/json")
    else:
        response = Response(fault.text, fault.status, dict(fault.headers))
    await response(scope, receive, send)


async def _drop(scope: Scope, receive: Receive) -> None:
    extensions = cast("Mapping[str, Callable[[], None]]", scope.get("extensions") or {})
    drop = extensions.get(DROP_EXTENSION)
    if drop is None:
        raise ConnectionDropped(f"{scope['method']} {scope['path']}: dropped on purpose")
    drop()
    # A server answers 500 for an application that returns early; it must see the cut first.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _whole_body(receive: Receive) -> bytes | None:
    """The body; None when the caller went away before it was complete."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replaying(body: bytes, receive: Receive) -> Receive:
    replayed = False

    async def replay() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _call(scope: Scope, body: bytes) -> Call:
    text = body.decode("utf-8", "replace")
    method: str = scope["method"]
    query = bytes(scope.get("query_string", b"")).decode("latin-1")
    parameters = parse_qs(query)
    content_type = dict(scope["headers"]).get(b"content-type", b"")
    if "_method" not in parameters and bytes(content_type).lower().startswith(_FORM):
        parameters = parse_qs(text)
    effective = parameters.get("_method", [method])[-1].upper()
    return Call(effective, str(scope["path"]), query, text)
