"""Readers: connections beside the writer's, each of which sees everything committed so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg

from engine.errors import StateUnusable
from engine.store.postgres import troubles
from engine.store.postgres.database import Database
from engine.store.postgres.session import Session, transaction

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Reader:
    """One connection; opened when it is needed, and again when it was lost.

    Args:
        patient: whether to try again after it was lost, or could not be opened: waits a moment and
            says so; a command does not.
    """

    database: Database
    patient: Callable[[], bool] = lambda: False
    _connection: psycopg.Connection[Any] | None = field(default=None, init=False)

    def read(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(session, ...)` on one moment of the state.

        Raises:
            StateUnusable: it cannot be read.
        """
        while True:
            try:
                connection = self._connection = self._connection or self.database.connect()
                with transaction(connection, self.database.schema, read_only=True) as session:
                    return function(session, *args, **kwargs)
            except StateUnusable:
                if not self.patient():
                    raise
            except psycopg.Error as error:
                lost = self._connection is not None and self._connection.broken
                self.close()
                if not (lost and self.patient()):
                    raise troubles.told(self.database.shown, error) from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
