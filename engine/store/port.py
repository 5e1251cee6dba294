"""What every store offers: whole functions of one connection, run inside a transaction or beside.

`threaded` is the store of the running service; `inline` does the same work in the caller's own
thread, for tests that decide the order of everything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Store(Protocol):
    """One state file."""

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        ...

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run `function(connection, ...)` in a transaction; durable on return.

        Raises:
            StateUnusable: the disk refused the commit.
        """
        ...

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run `function(connection, ...)`; sees everything committed so far.

        Raises:
            StateUnusable: the file cannot be read.
        """
        ...


class OpenStore(Protocol):
    """Opens the store on a state file."""

    def __call__(
        self, path: Path, on_commit: Callable[[float], None] | None = None
    ) -> AbstractAsyncContextManager[Store]:
        """Open it; `on_commit` is told the seconds each commit took.

        Raises:
            StateUnusable: see `statefile.prepare`.
        """
        ...
