"""Connections that are kept open and lent, each for one transaction.

Nothing of a transaction outlives it in the server's session, so that one connection serves the
tables of any pair in the database.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg.pq import TransactionStatus

from engine.clock import passed_s
from engine.store.postgres.database import Database
from engine.store.postgres.link import Link

# A session of the server remembers every table it ever saw, so none is kept for good.
LIFETIME_S = 600.0


@dataclass(slots=True)
class Lent:
    """As many as were ever needed at the same time; safe to be used by several threads.

    Args:
        silence_s: so long the server may be silent where nobody says how long its answer is wanted.
    """

    database: Database
    silence_s: float = math.inf
    _resting: list[Link] = field(default_factory=list[Link], init=False)
    _opened_at: dict[int, float] = field(default_factory=dict[int, float], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _closed: bool = field(default=False, init=False)

    def take(self, wanted: Callable[[], bool] | None = None) -> Link:
        """A connection, to be given back.

        Args:
            wanted: whether an answer of the server still is, however long it takes.

        Raises:
            StateUnusable: none rests, and none can be opened; see `Database.connect`.
        """
        with self._lock:
            # The one that was used last: those that are not needed any more grow old.
            connection = self._resting.pop() if self._resting else None
        if connection is None:
            connection = self.database.connect()
            with self._lock:
                self._opened_at[id(connection)] = passed_s()
        connection.wanted = wanted
        connection.silence_s = self.silence_s if wanted is None else math.inf
        return connection

    def give(self, connection: Link) -> None:
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
    def borrowed(self) -> Generator[Link]:
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


def _rests(connection: Link) -> bool:
    return not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
