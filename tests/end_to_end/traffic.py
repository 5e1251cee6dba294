"""What reached an emulator, from whom and when, and what it made of that."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FAILED = 400
# What only refreshes who we are.
_TOKENS = ("/oauth", "/login")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that may change something, at the moment at which the emulator had all of it."""

    at: float
    caller: str
    method: str
    path: str


@dataclass(slots=True)
class Recorder:
    """An emulator whose requests are noted, behind whatever goes wrong on the way.

    `refusals` has each answer beyond 399 by (method, path without numbers, status, text).
    """

    app: ASGIApp
    writes: list[Arrived] = field(default_factory=list[Arrived])
    refusals: Counter[tuple[str, str, int, str]] = field(
        default_factory=Counter[tuple[str, str, int, str]]
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        method, path = str(scope["method"]), str(scope["path"])
        if method != "GET" and not any(word in path for word in _TOKENS):
            caller, _ = scope["client"]
            self.writes.append(Arrived(time.time(), caller, method, path))
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if status >= FAILED and message["type"] == "http.response.body":
                plain = "/".join(part for part in path.split("/") if not part.isdigit())
                text = message.get("body", b"").decode(errors="replace")[:200]
                self.refusals[method, plain, status, text] += 1
            await send(message)

        await self.app(scope, receive, answer)

    def by(self, caller: str) -> Iterator[Arrived]:
        """What came from one host."""
        return (one for one in self.writes if one.caller == caller)
