"""Connections that are kept open and lent, each for one transaction.

Nothing of a transaction outlives it in the server's session, so that one connection serves the
tables of any pair in the database.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from engine.clock import passed_s
from engine.store.postgres.database import Database

# A session of the server remembers every table it ever saw, so none is kept for good.
LIFETIME_S = 600.0


@dataclass(slots=True)
class Lent:
    """As many as were ever needed at the same time; safe to be used by several threads."""

    database: Database
    _resting: list[psycopg.Connection[Any]] = field(
        default_factory=list[psycopg.Connection[Any]], init=False
    )
    _opened_at: dict[int, float] = field(default_factory=dict[int, float], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _closed: bool = field(default=False, init=False)

    def take(self) -> psycopg.Connection[Any]:
        """A connection, to be given back.

        Raises:
            StateUnusable: none rests, and none can be opened; see `Database.connect`.
        """
        with self._lock:
            # The one that was used last: those that are not needed any more grow old.
            connection = self._resting.pop() if self._resting else None
        if connection is not None:
            return connection
        connection = self.database.connect()
        with self._lock:
            self._opened_at[id(connection)] = passed_s()
        return connection

    def give(self, connection: psycopg.Connection[Any]) -> None:
        """Give it back; one that is lost, old or not at rest is closed."""
        with self._lock:
            old = passed_s() - self._opened_at.get(id(connection), 0.0) > LIFETIME_S
            keep = not (old or self._closed) and _rests(connection)
            if keep:
                self._resting.append(connection)
            else:
                self._opened_at.pop(id(connection), None)
        if not keep:
            connection.close()

    @contextmanager
    def borrowed(self) -> Generator[psycopg.Connection[Any]]:
        """A connection for the block.

        Raises:
            StateUnusable: as `take`.
        """
        connection = self.take()
        try:
            yield connection
        finally:
            self.give(connection)

    def close(self) -> None:
        """Close those that rest now, and the others as soon as they are given back."""
        with self._lock:
            resting, self._resting, self._closed = self._resting, [], True
        for connection in resting:
            connection.close()


def _rests(connection: psycopg.Connection[Any]) -> bool:
    return not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
