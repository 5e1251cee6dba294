"""Traffic in front of an emulator: counted, slowed and, on request, broken.

`Faults` wraps an ASGI application from outside, so it sees what a network would: requests going in
and answers coming out. A fault "before" keeps a request from the emulator; a fault "after" lets it
be carried out and spoils the answer, which is how a write succeeds without its sender knowing.
"""

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal, cast
from urllib.parse import unquote_plus

import anyio
import anyio.lowlevel
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Where a server puts, among a scope's extensions, a function that cuts the connection.
DROP_EXTENSION = "sandbox.drop"
GARBAGE = "<html>upstream connect error {{{"

_PIECE = 1 << 14
_FORM = b"application/x-www-form-urlencoded"
# Parsing the whole of it would cost as much as serving it.
_METHOD = re.compile(r"(?:^|&)_method=([^&]+)")
_CHANGING_SEGMENT = re.compile(r"(?<=/)(?:\d+|[0-9a-f]{32})(?=/|$)")


class ConnectionDropped(ConnectionResetError):
    """The connection was cut on purpose where no real connection exists to be cut."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as faults are matched against it.

    `method` is the effective one: a Workbooks caller may put it into the parameter `_method`
    (workbooks-api §2.2). `kept` tells that its connection has carried a request before.
    """

    method: str
    path: str
    query: str
    body: str
    kept: bool = False


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
            answers 200 with a body that cannot be read; "bomb" answers `status` with a gzip body
            of a thousandth of `size` that unpacks to `size` bytes; "endless" answers `status` with
            chunks that never end; "edit", only "after", lets the answer through with `headers` set
            in it, `members` put into the JSON object it is, where it is one, and `text` in front.
        rows: what an edit makes of the listing an answer holds: "none" leaves it empty, "null"
            puts null in the place of the last row, "fewer" takes that away.
        cells: what an edit puts into each row of the listing.
        kept: only requests on a connection that has carried one before.
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
    action: Literal["status", "drop", "delay", "garbage", "bomb", "endless", "edit"] = "status"
    status: int = 500
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Mapping[str, object] = field(default_factory=dict[str, object])
    rows: Literal["", "none", "null", "fewer"] = ""
    cells: Mapping[str, object] = field(default_factory=dict[str, object])
    size: int = 1 << 28
    kept: bool = False
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
        if self.action == "edit" and self.when != "after":
            raise ValueError('only an answer can be edited: give when = "after"')

    def concerns(self, call: Call) -> bool:
        """Whether this fault is about such a request."""
        if self.method is not None and self.method.upper() != call.method:
            return False
        if self.path is not None and not re.search(self.path, call.path):
            return False
        if self.kept and not call.kept:
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
        self._callers: set[tuple[str, int]] = set()

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
                call = _call(scope, body, kept=self._known(scope))
                self.counts[call.method, _CHANGING_SEGMENT.sub("{id}", call.path)] += 1
                await self._serve(call, scope, _replaying(body, receive), send)
        finally:
            self.in_flight -= 1

    def _known(self, scope: Scope) -> bool:
        """Whether the connection has carried a request before; each has a port of its own."""
        caller = scope.get("client")
        if caller is None:
            return False
        known = tuple(caller) in self._callers
        self._callers.add(tuple(caller))
        return known

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
        for message in _edited(answer, after) if after.action == "edit" else answer:
            await send(message)


async def _lets_through(fault: Fault) -> bool:
    if fault.action == "delay":
        await anyio.sleep(fault.delay_s)
    return fault.action in ("delay", "edit")


async def _answer(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.action == "drop":
        await _drop(scope, receive)
        return
    if fault.action in ("bomb", "endless"):
        endless = fault.action == "endless"
        await _flood(_chunks() if endless else _bomb(fault.size), fault, receive, send)
        return
    if fault.action == "garbage":
        response = Response(fault.text or GARBAGE, 200, dict(fault.headers), "application/json")
    else:
        response = Response(fault.text, fault.status, dict(fault.headers))
    await response(scope, receive, send)


async def _flood(pieces: Iterator[bytes], fault: Fault, receive: Receive, send: Send) -> None:
    """Answer with these pieces, for as long as the caller is there."""
    packed = (b"content-encoding", b"gzip") if fault.action == "bomb" else None
    given = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
    headers = [(b"content-type", b"application/json"), *([packed] if packed else []), *given]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    async with anyio.create_task_group() as tasks:

        async def leave() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(leave)
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _chunks() -> Iterator[bytes]:
    while True:
        yield b" " * _PIECE


def _bomb(size: int) -> Iterator[bytes]:
    """A text of blanks, packed block by block: nobody has to hold it whole to send it."""
    packing = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    block = b" " * (1 << 20)
    for at in range(0, size, len(block)):
        yield packing.compress(block[: size - at]) + packing.flush(zlib.Z_SYNC_FLUSH)
    yield packing.flush()


def _edited(answer: list[Message], fault: Fault) -> list[Message]:
    """The answer with the fault's members, text and headers in it."""
    body = b"".join(message.get("body", b"") for message in answer[1:])
    packed = (b"content-encoding", b"gzip") in answer[0]["headers"]
    if packed:
        body = gzip.decompress(body)
    document = _document(body)
    if document is not None and (fault.members or fault.rows or fault.cells):
        if isinstance(document.get("data"), list):
            rows = cast("list[dict[str, object]]", document["data"])
            document["data"] = _edited_rows(rows, fault)
        body = json.dumps({**document, **fault.members}).encode()
    body = fault.text.encode() + body
    given = {name.lower().encode(): value.encode() for name, value in fault.headers.items()}
    given[b"content-length"] = str(len(body)).encode()
    dropped = {*given, *([b"content-encoding"] if packed else [])}
    kept = [(name, value) for name, value in answer[0]["headers"] if name.lower() not in dropped]
    start = {**answer[0], "headers": [*kept, *given.items()]}
    return [start, {"type": "http.response.body", "body": body, "more_body": False}]


def _document(body: bytes) -> dict[str, object] | None:
    """The JSON object that a body is, if it is one."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return cast("dict[str, object]", document) if isinstance(document, dict) else None


def _edited_rows(rows: list[dict[str, object]], fault: Fault) -> list[dict[str, object] | None]:
    edited: list[dict[str, object] | None] = [{**row, **fault.cells} for row in rows]
    match fault.rows:
        case "none":
            return []
        case "null":
            return [*edited[:-1], None]
        case "fewer":
            return edited[:-1]
        case _:
            return edited


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


def _call(scope: Scope, body: bytes, *, kept: bool) -> Call:
    text = body.decode("utf-8", "replace")
    method: str = scope["method"]
    query = bytes(scope.get("query_string", b"")).decode("latin-1")
    content_type = dict(scope["headers"]).get(b"content-type", b"")
    told = _METHOD.findall(query)
    if not told and bytes(content_type).lower().startswith(_FORM):
        told = _METHOD.findall(text)
    effective = unquote_plus(told[-1]) if told else method
    return Call(effective.upper(), str(scope["path"]), query, text, kept)
