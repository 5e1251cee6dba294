"""How an adapter performs the port: each named operation is a function of a connection.

An adapter says for each subject which function performs which operation, and how it reaches the
state: beside all transactions, or in one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import CoroutineType
from typing import Any, Concatenate, Generic, TypeVar

from engine.store.connections import C_co, Connections, P, R

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Subject(Generic[C_co]):
    """Operations on one subject of a state."""

    connections: Connections[C_co]


def reading(
    function: Callable[Concatenate[C, P], R],
) -> Callable[Concatenate[Subject[C], P], CoroutineType[Any, Any, R]]:
    """The operation that runs this function beside all transactions."""

    async def operation(subject: Subject[C], *args: P.args, **kwargs: P.kwargs) -> R:
        return await subject.connections.read(function, *args, **kwargs)

    return operation


def glancing(
    function: Callable[Concatenate[C, P], R],
) -> Callable[Concatenate[Subject[C], P], CoroutineType[Any, Any, R]]:
    """The operation that runs this function beside all transactions, and at once."""

    async def operation(subject: Subject[C], *args: P.args, **kwargs: P.kwargs) -> R:
        return await subject.connections.glance(function, *args, **kwargs)

    return operation


def watching(
    function: Callable[Concatenate[C, P], R],
) -> Callable[Concatenate[Subject[C], P], CoroutineType[Any, Any, R]]:
    """The operation that runs this function beside all transactions, again and again."""

    async def operation(subject: Subject[C], *args: P.args, **kwargs: P.kwargs) -> R:
        return await subject.connections.watch(function, *args, **kwargs)

    return operation


def writing(
    function: Callable[Concatenate[C, P], R],
) -> Callable[Concatenate[Subject[C], P], CoroutineType[Any, Any, R]]:
    """The operation that runs this function in a transaction."""

    async def operation(subject: Subject[C], *args: P.args, **kwargs: P.kwargs) -> R:
        return await subject.connections.write(function, *args, **kwargs)

    return operation
