"""The store in the caller's own thread: every call runs at once and commits by itself.

It answers as the threaded store does, but nothing depends on the timing of threads. A checkpoint
before each call is where others may go on, and where a caller may be cancelled.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate

from anyio.lowlevel import checkpoint

from engine.store.connections import P, R
from engine.store.sqlite.standing import StandingStore, opened
from engine.store.sqlite.troubles import unusable


class InlineStore(StandingStore):
    """A standing store for those who run beside others."""

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.write`."""
        await checkpoint()
        return await super().write(function, *args, **kwargs)

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """See `Connections.read`."""
        await checkpoint()
        try:
            return await super().read(function, *args, **kwargs)
        except sqlite3.DatabaseError as error:
            raise unusable("read", error) from error


@asynccontextmanager
async def open_inline(
    path: Path,
    on_commit: Callable[[float], None] | None = None,  # noqa: ARG001 # no commit takes time here
) -> AsyncGenerator[InlineStore]:
    """Open the prepared state file.

    Raises:
        StateUnusable: see `statefile.prepare`.
    """
    with opened(path) as (connection, mark):
        yield InlineStore(connection, mark)
