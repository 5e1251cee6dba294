"""Blocks that wait for a network or a disk, entered and left on a thread beside the event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

T = TypeVar("T")


@asynccontextmanager
async def in_thread(held: AbstractContextManager[T]) -> AsyncGenerator[T]:
    """The block of such a manager; it is left whatever happens, also when cancelled."""
    found = await run_sync(held.__enter__)
    try:
        yield found
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            if not await run_sync(held.__exit__, type(error), error, error.__traceback__):
                raise
    else:
        with anyio.CancelScope(shield=True):
            await run_sync(held.__exit__, None, None, None)
