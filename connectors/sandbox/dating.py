"""Dating: every answer says when it was given, by the clock of the world and not of the machine."""

from collections.abc import Callable
from email.utils import formatdate

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Dated:
    """An ASGI application whose answers carry a `Date`; `clock` gives it, or None for none."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float | None]) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def dated(message: Message) -> None:
            now = self._clock() if message["type"] == "http.response.start" else None
            if now is not None:
                date = formatdate(int(now), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", date)]}
            await send(message)

        await self._app(scope, receive, dated)
