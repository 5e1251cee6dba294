"""Long answers: told line by line over minutes, and given up when nobody listens any more."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine.errors import EngineError
from engine.service.authorising import failure

# How often a sign of life is given while the answer is made, seconds.
SIGN_S = 2.0
CHUNK_CHARS = 65_536
# An answer larger than that waits on disk.
SPOOL_BYTES = 1_000_000
SIGN = b'{"working":true}\n'

log = structlog.get_logger(component="http")


class Telling(Response):
    """An answer that `job` writes down; each of its lines is a JSON object.

    Args:
        job: writes the lines; an EngineError of it is told as the last one.
        state_dir: where what is too large for memory waits.
    """

    def __init__(self, job: Callable[[IO[str]], Awaitable[Any]], state_dir: Path) -> None:
        super().__init__()
        self._job = job
        self._state_dir = state_dir

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        with tempfile.SpooledTemporaryFile(
            max_size=SPOOL_BYTES, mode="w+", encoding="utf-8", dir=str(self._state_dir)
        ) as spool:
            async with anyio.create_task_group() as tasks:

                async def listens() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    tasks.cancel_scope.cancel()

                tasks.start_soon(listens)
                async with anyio.create_task_group() as signing:
                    signing.start_soon(_sign, send)
                    await self._done(spool)  # pyright: ignore[reportArgumentType] # a text file
                    signing.cancel_scope.cancel()
                await _sent(spool, send)  # pyright: ignore[reportArgumentType] # a text file
                tasks.cancel_scope.cancel()

    async def _done(self, spool: IO[str]) -> None:
        try:
            await self._job(spool)
        except EngineError as error:
            spool.write(json.dumps({"failure": failure(error)}) + "\n")
        except Exception as error:
            log.error("unexpected", exc_info=error)
            told = EngineError("something unexpected went wrong; the service's log has it")
            spool.write(json.dumps({"failure": failure(told)}) + "\n")


async def received(request: Request, state_dir: Path) -> Path:
    """What was sent, in a file that is whoever's who asks for it to remove."""
    handle, name = tempfile.mkstemp(prefix="plan-", dir=state_dir)
    try:
        with os.fdopen(handle, "wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
    except BaseException:
        os.unlink(name)  # noqa: PTH108 # as it was made
        raise
    return Path(name)


async def _sign(send: Send) -> None:
    while True:
        await send({"type": "http.response.body", "body": SIGN, "more_body": True})
        await anyio.sleep(SIGN_S)


async def _sent(spool: IO[str], send: Send) -> None:
    spool.seek(0)
    while text := spool.read(CHUNK_CHARS):
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
