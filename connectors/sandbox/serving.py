"""Serving: ASGI applications on ports of this process over real HTTP/1.1, by itself on loopback.

Needs asyncio, as the server does. Header names go out as `Set-Cookie` rather than `set-cookie`,
because a vendor binding matches that one by case (workbooks-api §22.1).
"""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Mapping

import anyio
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import RequestResponseCycle

from connectors.sandbox.faults import DROP_EXTENSION

HOST = "127.0.0.1"

# Longer than any polling interval a sandbox is used with: closing a kept connection just as the
# next request goes out would be a fault nobody asked for.
_KEEP_ALIVE_S = 75
_GRACE_S = 1

# Ports that Linux, macOS and Windows, as they are set up, leave to those who ask for one of them.
_UNASKED = range(20_000, 32_000)
_TRIES = 20
# Whoever repeats a run by its seed must not find the same ports, taken, in the next.
_CHANCE = random.SystemRandom()


def free_port() -> int:
    """A loopback port that nobody listens on now; somebody may a moment later.

    It is none that a system gives to whoever asks for any port or connects to somewhere, as those
    that it has just taken back are given away again at once.
    """
    for port in _CHANCE.sample(_UNASKED, _TRIES):
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            return port
    with socket.create_server((HOST, 0)) as listener:
        return _port(listener)


@contextlib.asynccontextmanager
async def serving(
    apps: Mapping[str, ASGIApp], ports: Mapping[str, int] | None = None, host: str = HOST
) -> AsyncGenerator[dict[str, str]]:
    """Serve each application; yields base URLs such as `http://127.0.0.1:40123` by its name.

    A port left out or 0 is chosen by the system. Leaving stops every server; requests under way
    have a second to finish.

    Args:
        host: the address to serve them on.

    Raises:
        OSError: a port is taken.
    """
    wanted = ports or {}
    with contextlib.ExitStack() as sockets:
        listeners = {
            name: sockets.enter_context(_listener(host, wanted.get(name, 0))) for name in apps
        }
        urls = {name: f"http://{host}:{_port(listener)}" for name, listener in listeners.items()}
        servers = {name: _Server(_config(app)) for name, app in apps.items()}
        # Tasks and no task group: a failure inside the `async with` then arrives as itself.
        tasks = [
            asyncio.create_task(server.serve([listeners[name]])) for name, server in servers.items()
        ]
        try:
            for server in servers.values():
                await server.up.wait()
            yield urls
        finally:
            for server in servers.values():
                server.should_exit = True
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*tasks)


def _listener(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from error
    # Accepted connections inherit it. The loop sets it by itself only on sockets it made, and
    # without it every answer waits some 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """A server that leaves signals to its owner and says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = anyio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        _Wire(app),
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # The applications tell the time of their worlds.
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


class _Wire:
    """Between server and application: restores header casing, offers to cut the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle: object = getattr(send, "__self__", None)
        if isinstance(cycle, RequestResponseCycle):
            # The server's `send` is the only way from an application to its transport.
            drop: dict[str, Callable[[], None]] = {DROP_EXTENSION: cycle.transport.abort}
            scope = {**scope, "extensions": {**(scope.get("extensions") or {}), **drop}}

        async def cased(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[tuple[bytes, bytes]] = message.get("headers", [])
                titled = [(name.title(), value) for name, value in headers]
                message = {**message, "headers": titled}
            await send(message)

        await self._app(scope, receive, cased)


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
