"""The state of a scene as tables in PostgreSQL, on the caller's thread.

A process that dies reaches the database no more, and what it was doing there is undone. Its lease
stays, until a statement ends it. While it lives, its way there is cut now and then: in a
transaction, or behind a commit whose answer it does not hear. Nothing may come of that.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import (
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any, Concatenate, LiteralString, cast
from unittest import mock
from urllib.parse import quote, urlencode

import anyio
import psycopg
from anyio.lowlevel import checkpoint
from psycopg.conninfo import conninfo_to_dict

from engine.errors import StateAway, StateInUse
from engine.model.age import Seen
from engine.store import statedir
from engine.store.connections import P, R
from engine.store.mark import Mark
from engine.store.port.place import Place
from engine.store.port.store import Store
from engine.store.postgres import lease
from engine.store.postgres.database import Database
from engine.store.postgres.lease import Lease
from engine.store.postgres.lent import Lent
from engine.store.postgres.link import Link
from engine.store.postgres.place import StateDatabase
from engine.store.postgres.reader import Reader
from engine.store.postgres.session import Session
from engine.store.postgres.standing import StandingStore
from engine.store.postgres.subjects import Subjects
from engine.store.postgres.troubles import FENCED
from engine.store.postgres.writer import AGAIN_S, Writer
from tests.postgres import VARIABLE, NoServer
from tests.simulation.cuts import Cuts
from tests.simulation.life import Life, Mortal
from tests.simulation.states import States
from tests.simulation.trace import Trace

_NUMBERS = count(1)


class CutOff(Writer):
    """A writer that may not hear whether what it has sent was committed."""

    def __init__(self, ours: Lease, mark: Mark, lent: Lent, cuts: Cuts, leasing: Leasing) -> None:
        super().__init__(ours, mark, lent)
        self._cuts = cuts
        self._leasing = leasing

    def _try(self, connection: psycopg.Connection[Any], *args: Any, **kwargs: Any) -> None:
        try:
            super()._try(connection, *args, **kwargs)
        except psycopg.Error as error:
            if error.sqlstate == FENCED:
                self._leasing.fenced()
            raise
        self._leasing.committed(self.lease)
        self._cuts.committed(connection)


class InlineStore(StandingStore):
    """A standing store for those who run beside others: see that of a file."""

    def __init__(self, reader: Reader, writer: Writer, cuts: Cuts, life: Life) -> None:
        super().__init__(reader, writer)
        self._cuts = cuts
        self._life = life
        self._lease = writer.lease

    async def write(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.write`."""
        await self._there()
        return await super().write(self._cuts.writing(_bound(function, *args, **kwargs)))

    async def read(
        self, function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Connections.read`."""
        await self._there()
        return await super().read(self._cuts.reading(_bound(function, *args, **kwargs)))

    async def _there(self) -> None:
        """Wait for the database as long as our lease stands."""
        await checkpoint()
        while self._life.cut_off:
            if not self._lease.stands:
                raise StateAway("it cannot be reached", remedy="none")
            await anyio.sleep(AGAIN_S)


def _bound(
    function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
) -> Callable[[Session], R]:
    """What is left to be told is the session; known by the name of the function."""

    @wraps(function)
    def bound(session: Session) -> R:
        return function(session, *args, **kwargs)

    return bound


class MortalStore(Subjects):
    """The store of a process, on tables."""

    def __init__(self, connections: Mortal[Session]) -> None:
        super().__init__(connections)
        self._connections = connections

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        return self._connections.waiting


@dataclass(frozen=True)
class MortalDatabase(Database):
    """A database that nobody reaches who is dead, or cut off."""

    life: Life
    cuts: Cuts

    def connect(self, silence_s: float = math.inf) -> Link:
        """See `Database.connect`."""
        if self.life.dead or self.life.cut_off:
            raise StateAway("it cannot be reached", remedy="none")
        return self.cuts.connected(lambda: super(MortalDatabase, self).connect(silence_s))


class Leasing:
    """How a life comes by the lease: until a statement ends it."""

    def take(self, database: Database, life: Life) -> Lease:  # noqa: ARG002 # others end with it
        """Take it.

        Raises:
            StateInUse: another one has it.
        """
        return Lease(database, self.taken(database), math.inf, math.inf)

    def committed(self, ours: Lease) -> None:
        """Something was written under that one."""

    def fenced(self) -> None:
        """The database has refused something that was written under one that had ended."""

    @staticmethod
    def taken(database: Database) -> int:
        """The number of one that is taken now, and lasts until a statement ends it."""
        with database.connected() as connection:
            row = connection.execute(
                database.named(
                    "UPDATE {schema}.leader SET number = number + 1, holder = 'a process',"
                    " until = 'infinity' WHERE until < clock_timestamp() RETURNING number"
                )
            ).fetchone()
        if row is None:
            raise StateInUse("another process works on the state", remedy="none")
        return int(row[0])


class MortalTables(StateDatabase):
    """The state of one process, opened in its own thread."""

    def __init__(
        self,
        directory: Path,
        database: MortalDatabase,
        trace: Trace,
        cuts: Cuts,
        leasing: Leasing,
    ) -> None:
        super().__init__(directory, database, 0.0)
        self._life = database.life
        self._cuts = cuts
        self._trace = trace
        self._leasing = leasing
        self._leased: Lease | None = None

    @contextmanager
    def hold(self, *, keep: bool) -> Generator[Seen | None]:
        """See `Place.hold`: under a lease that no thread renews."""
        with ExitStack() as stack:
            with mock.patch.object(lease, "leased", self._taken):
                seen = stack.enter_context(super().hold(keep=keep))
            yield seen

    @contextmanager
    def _taken(
        self,
        database: Database,
        _: float,
        *,
        patient: bool,  # noqa: ARG002 # nobody waits for a lease here
    ) -> Generator[Lease]:
        self._leased = self._leasing.take(database, self._life)
        try:
            yield self._leased
        finally:
            self._leased.give_back()

    @asynccontextmanager
    async def open(
        self,
        on_commit: Callable[[float], None] | None = None,  # noqa: ARG002 # no commit takes time
    ) -> AsyncGenerator[Store]:
        """See `Place.open`."""
        assert self._leased is not None
        with (
            closing(Mark(self.directory / statedir.MARK_NAME)) as mark,
            closing(Lent(self.database)) as lent,
        ):
            reader = Reader(self.database, lent, lambda: not self._life.dead)
            writer = CutOff(self._leased, mark, lent, self._cuts, self._leasing)
            inner = InlineStore(reader, writer, self._cuts, self._life)
            yield MortalStore(Mortal[Session](inner, self._life, self._trace))


class Tables(States):
    """A schema of a database.

    A copy of it is another schema. Where it is lost, what lies in the directory of the service may
    be lost with it or not.
    """

    def __init__(self, directory: Path, aside: Path, server: str, cuts: Cuts) -> None:
        super().__init__(directory, aside)
        self._cuts = cuts
        self._server = server
        self._name = f"simulated_{os.getpid()}_{next(_NUMBERS)}"
        self._database = Database(server, self._name, lambda: None)
        self._connection = self._database.connect()
        self._lost = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `States.settings`."""
        return {"state": url_of(self._server), "state_schema": self._name}

    def place(self, life: Life, trace: Trace) -> Place:
        """See `States.place`."""
        return self.place_on(self.directory, life, trace, Leasing())

    def place_on(self, directory: Path, life: Life, trace: Trace, leasing: Leasing) -> Place:
        """Where a process finds it that has a directory of its own."""
        reached = MortalDatabase(
            self._cuts.reached(self._server), self._name, lambda: None, life, self._cuts
        )
        return MortalTables(directory, reached, trace, self._cuts, leasing)

    def set_aside(self) -> None:
        """See `States.set_aside`: what was not committed is undone by whoever is told to stop."""

    def bury(self) -> None:
        """See `States.bury`: its lease has ended by the time that anybody comes next."""
        if self.is_there():
            self._do("UPDATE {0}.leader SET until = '-infinity'")

    def is_there(self) -> bool:
        """See `States.is_there`."""
        return self._database.version() > 0

    def copy(self) -> bool:
        """See `States.copy`."""
        if not self.is_there():
            return False
        self._do("DROP SCHEMA IF EXISTS {0}_copy CASCADE; CREATE SCHEMA {0}_copy")
        for table in self._tables():
            self._do(f"CREATE TABLE {{0}}_copy.{table} AS TABLE {{0}}.{table}")
        return True

    def put_back(self) -> None:
        """See `States.put_back`: as from a dump, which nobody holds."""
        self._do("DROP SCHEMA IF EXISTS {0} CASCADE")
        self._database.prepare()
        for table in self._tables():
            self._do(
                f"SET session_replication_role = replica; DELETE FROM {{0}}.{table};"  # noqa: S608 # names of ours
                f" INSERT INTO {{0}}.{table} TABLE {{0}}_copy.{table};"
                " RESET session_replication_role"
            )
        for table, column in self._numbered():
            self._do(
                f"SELECT setval(pg_get_serial_sequence('{{0}}.{table}', '{column}'),"  # noqa: S608 # names of ours
                f" coalesce(max({column}), 0) + 1, false) FROM {{0}}.{table}"
            )
        self.bury()

    def lose(self) -> None:
        """See `States.lose`."""
        self._do("DROP SCHEMA {0} CASCADE")
        self._lost += 1
        if self._lost % 2:
            for each in sorted(self.directory.glob("*")):
                each.unlink()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See `States.rows`."""
        return self._do(f"SET search_path = {{0}}; {statement}")

    def end(self) -> None:
        """See `States.end`."""
        self._do("DROP SCHEMA IF EXISTS {0}, {0}_copy CASCADE")
        self._connection.close()

    def _tables(self) -> list[str]:
        return [
            row[0] for row in self._do("SELECT tablename FROM pg_tables WHERE schemaname = '{0}'")
        ]

    def _numbered(self) -> list[tuple[Any, ...]]:
        return self._do(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = '{0}' AND is_identity = 'YES'"
        )

    def _do(self, statements: str) -> list[tuple[Any, ...]]:
        """Statements, with the name of the schema in place of `{0}`; the rows of the last one."""
        text = cast("LiteralString", statements.format(self._name))
        cursor = self._connection.execute(text)
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description else []


def url_of(server: str) -> str:
    """A connection string as the address that a configuration has."""
    known = conninfo_to_dict(server)
    name = quote(str(known.pop("dbname", "postgres")))
    return f"postgresql:///{name}?{urlencode(known)}"


def in_postgres(cuts: Cuts) -> Callable[[Path, Path], Tables]:
    """States in the server that the tests use."""
    # It tells of each connection that was lost.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    server = os.environ.get(VARIABLE)
    if server is None:
        raise NoServer
    return lambda directory, aside: Tables(directory, aside, server, cuts)
