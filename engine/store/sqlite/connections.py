"""How statements reach SQLite: whole functions of one connection, in a transaction or beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Connections(Protocol):
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

    async def glance(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """The same for what finds a few rows by an index, which takes less than to hand it over.

        Raises:
            StateUnusable: the file cannot be read.
        """
        ...
