"""How statements reach a state: whole functions of one connection, in a transaction or beside.

What a connection is depends on what keeps the state; each adapter names its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

C_co = TypeVar("C_co", covariant=True)
P = ParamSpec("P")
R = TypeVar("R")


class Connections(Protocol[C_co]):
    """One state."""

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        ...

    async def write(
        self, function: Callable[Concatenate[C_co, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(connection, ...)` in a transaction; durable on return.

        Raises:
            StateUnusable: the commit was refused.
        """
        ...

    async def read(
        self, function: Callable[Concatenate[C_co, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(connection, ...)`; sees everything committed so far.

        Raises:
            StateUnusable: the state cannot be read.
        """
        ...

    async def watch(
        self, function: Callable[Concatenate[C_co, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The same for what is looked at again and again, at the same moments as other such.

        Raises:
            StateUnusable: the state cannot be read.
        """
        ...

    async def glance(
        self, function: Callable[Concatenate[C_co, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The same for what finds a few rows by an index, and is asked for all the time.

        Raises:
            StateUnusable: the state cannot be read.
        """
        ...
