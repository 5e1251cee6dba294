"""A gate: requests are carried out, and their answers kept back until somebody lets them go."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Gate:
    """An ASGI application around another one; keeps back the first answer to such a request."""

    app: ASGIApp
    method: str
    path: str
    arrived: anyio.Event = field(default_factory=anyio.Event)
    opened: anyio.Event = field(default_factory=anyio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        mine = (scope["method"], scope["path"]) == (self.method, self.path)
        if not mine or self.arrived.is_set():
            await self.app(scope, receive, send)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        self.arrived.set()
        await self.app(scope, receive, keep)
        await self.opened.wait()
        for message in answer:
            await send(message)
