"""The modules of the store, each of which stands for that of either adapter.

To the type checker they are SQLite's. Whatever is called with a connection goes to the adapter that
the connection is of; what needs none, and what is no function, is SQLite's.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from engine.store.sqlite import (
        acting,
        adopting,
        audit,
        awaited,
        before,
        blanks,
        capture,
        claims,
        day,
        dossiers,
        fuse,
        grants,
        history,
        intents,
        journal,
        kept,
        known,
        listed,
        listing,
        mapping_mark,
        measure,
        outbox,
        people,
        populations,
        present,
        provenance,
        refusals,
        refused_roles,
        report,
        runs,
        samples,
        settle,
        skips,
        subjects,
        summary,
        tab_outcomes,
        tabs,
        undo,
        undone,
        waits,
        withdrawals,
        work,
    )

__all__ = [
    "ON_SQLITE",
    "REFUSED",
    "acting",
    "adopting",
    "audit",
    "awaited",
    "before",
    "blanks",
    "capture",
    "claims",
    "day",
    "dossiers",
    "fuse",
    "grants",
    "history",
    "intents",
    "journal",
    "kept",
    "known",
    "listed",
    "listing",
    "mapping_mark",
    "measure",
    "outbox",
    "people",
    "populations",
    "present",
    "provenance",
    "refusals",
    "refused_roles",
    "report",
    "runs",
    "samples",
    "settle",
    "skips",
    "subjects",
    "summary",
    "tab_outcomes",
    "tabs",
    "undo",
    "undone",
    "waits",
    "withdrawals",
    "work",
]


class RefusedByServer(Exception):
    """What `sqlite3.IntegrityError` is, of PostgreSQL."""


REFUSED = (sqlite3.IntegrityError, RefusedByServer)
"""What a statement raises that the schema does not allow, whatever the adapter."""

ON_SQLITE = pytest.mark.parametrize("connection", ["sqlite"], indirect=True)
"""For tests of how SQLite does it."""


class OfPostgres(ABC):
    """A connection that is none of SQLite's; the type checker is told that it is one."""

    @abstractmethod
    def run(self, function: Callable[..., Any], *values: object, **named: object) -> Any:
        """Call a function of the adapter on it, in a transaction."""


class Either(ModuleType):
    """A module of the store, whatever the adapter."""

    def __getattr__(self, name: str) -> Any:
        of_sqlite = getattr(import_module(f"engine.store.sqlite.{self.__name__}"), name)
        found = (
            _either(self.__name__, name, of_sqlite)
            if isinstance(of_sqlite, FunctionType)
            else of_sqlite
        )
        # Looked up once.
        setattr(self, name, found)
        return found


def _either(module: str, name: str, of_sqlite: FunctionType) -> Callable[..., Any]:
    def called(*values: Any, **named: Any) -> Any:
        if not values or not isinstance(values[0], OfPostgres):
            return of_sqlite(*values, **named)
        connection, *others = values
        function = getattr(import_module(f"engine.store.postgres.{module}"), name)
        return connection.run(function, *others, **named)

    called.__name__ = name
    return called


@cache
def _module(name: str) -> Either:
    return Either(name)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Either:
        if name not in __all__:
            raise AttributeError(name)
        return _module(name)
