"""Readers: each sees everything committed so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import psycopg

from engine.errors import StateUnusable
from engine.store.postgres import troubles
from engine.store.postgres.database import Database
from engine.store.postgres.lent import Lent
from engine.store.postgres.session import Session, transaction

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Reader:
    """Reads the tables of one pair, each time on a connection that is lent to it.

    Args:
        lent: where its connections come from.
        patient: whether to try again after it was lost, or could not be opened: waits a moment and
            says so; a command does not.
        wanted: see `Link`.
    """

    database: Database
    lent: Lent
    patient: Callable[[], bool] = lambda: False
    wanted: Callable[[], bool] | None = None

    def read(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `function(session, ...)` on one moment of the state.

        Raises:
            StateUnusable: it cannot be read.
        """
        while True:
            try:
                connection = self.lent.take(self.wanted)
            except StateUnusable:
                if not self.patient():
                    raise
                continue
            try:
                with transaction(connection, self.database.schema, read_only=True) as session:
                    return function(session, *args, **kwargs)
            except psycopg.Error as error:
                lost = connection.broken
                # Whatever is wrong with it, nobody else is to find out.
                connection.close()
                if not (lost and self.patient()):
                    raise troubles.told(self.database.shown, error) from error
            finally:
                self.lent.give(connection)


@contextmanager
def reading(database: Database, silence_s: float = math.inf) -> Generator[Reader]:
    """A reader for the block, with connections of its own.

    Args:
        silence_s: so long the server may be silent.
    """
    with closing(Lent(database, silence_s)) as lent:
        yield Reader(database, lent)
