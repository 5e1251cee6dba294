"""The service's small HTTP server on the event loop: metrics, health, status and mapping."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.about import PROGRAM
from engine.errors import Misconfigured
from engine.status import Status

IDLE_S = 15
ASKED_BY = "X-Requested-With"
CONNECTIONS_MAX = 200


def application(status: Status) -> Starlette:
    """The routes; none of them shows a secret."""

    async def metrics(request: Request) -> Response:
        await status.refresh()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        body = encode(status.assembly.metrics.registry)
        return Response(body, headers={"Content-Type": content_type})

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        reason = status.not_ready()
        return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)

    async def show(_: Request) -> Response:
        return JSONResponse(await status.document())

    async def mapping(_: Request) -> Response:
        return JSONResponse(status.assembly.mappings.document())

    async def approve(request: Request) -> Response:
        # A header no web page can send unasked: a browser on this machine must not approve.
        if request.headers.get(ASKED_BY) != PROGRAM:
            return PlainTextResponse("only wosync approve may ask\n", status_code=403)
        return JSONResponse({"approved": await status.assembly.fuse_keeper.approve()})

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/status", show),
            Route("/mapping", mapping),
            Route("/approve", approve, methods=["POST"]),
        ]
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the service has its own."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Bind the address before anything else starts.

    Raises:
        Misconfigured: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Inherited by accepted connections; the loop sets it only on sockets it made itself.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        # Two that start together may both bind; only one of them may listen.
        listener.listen(CONNECTIONS_MAX)
    except OSError as error:
        listener.close()
        raise Misconfigured(
            f"[service] http: cannot listen on {host}:{port}: {error.strerror or error}",
            remedy="another program (or another wosync) uses the port: give this one its own"
            " in [service] http",
        ) from error
    return listener


@asynccontextmanager
async def serving(status: Status, listener: socket.socket) -> AsyncGenerator[None]:
    """Serve for the block; a misbehaving client never reaches the service itself."""
    server = _Server(
        uvicorn.Config(
            application(status),
            http="h11",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_S,
            limit_concurrency=CONNECTIONS_MAX,
        )
    )

    async def serve() -> None:
        # Cut short it would leave its socket registered with the event loop.
        with anyio.CancelScope(shield=True):
            await server.serve([listener])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            yield
        finally:
            server.should_exit = True
            server.force_exit = True
