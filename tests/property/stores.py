"""Stores of either adapter, opened and told the same, and everything that each of them holds."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import anyio

from engine.store.mark import Mark
from engine.store.sqlite.inline import open_inline
from engine.store.sqlite.threaded import open_store
from tests.adapter import OpenSqlite, SqliteStore
from tests.unit.engine.store.adapters import OfPostgres

if TYPE_CHECKING:
    from engine.store.postgres.session import Session
    from tests.unit.engine.store.direct import Tables

Deed = Callable[[sqlite3.Connection], Any]
Held = dict[str, list[tuple[Any, ...]]]
# What numbers lines has gaps where a transaction was undone; their order is what counts.
NUMBERED = {"history": "seq"}
# What only SQLite keeps, of its own.
ITS_OWN = "sqlite_"


@dataclass(frozen=True, slots=True)
class Asked:
    """A deed as actors ask for it: by its name, so that a store may do it for many at once."""

    subject: ModuleType
    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]

    def __call__(self, connection: sqlite3.Connection) -> Any:
        """Do it."""
        return getattr(self.subject, self.name)(connection, *self.args, **self.kwargs)

    def in_tables(self) -> Callable[..., Any]:
        """The function of a session that does it."""
        subject = self.subject.__name__.rpartition(".")[2]
        return getattr(import_module(f"engine.store.postgres.{subject}"), self.name)


class Opened(ABC):
    """One store, kept open by a task of its own, because only that task may close it."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.open()

    def open(self) -> None:
        """Open what is there, new or not."""
        self._ready, self._over = asyncio.Event(), asyncio.Event()
        self._runner.run(self._begin())

    async def _begin(self) -> None:
        self._host = asyncio.get_running_loop().create_task(self._live())
        ready = asyncio.get_running_loop().create_task(self._ready.wait())
        await asyncio.wait({self._host, ready}, return_when=asyncio.FIRST_COMPLETED)
        if self._host.done():
            ready.cancel()
            await self._host

    async def _live(self) -> None:
        async with self.opening() as self._store:
            self._ready.set()
            await self._over.wait()

    def close(self) -> Held:
        """Close it; returns everything it holds."""
        self._runner.run(self._end())
        return self.held()

    async def _end(self) -> None:
        self._over.set()
        await self._host

    @abstractmethod
    def opening(self) -> AbstractAsyncContextManager[SqliteStore]:
        """Opens it."""

    @abstractmethod
    def held(self) -> Held:
        """Every row of every table that both adapters have, by its name."""

    def write(self, deed: Deed) -> Coroutine[Any, Any, Any]:
        """Do it in a transaction."""
        return self._store.write(deed)

    def read(self, look: Deed) -> Coroutine[Any, Any, Any]:
        """Look beside all transactions."""
        return self._store.read(look)


class OpenedFile(Opened):
    """A state file."""

    def __init__(self, runner: asyncio.Runner, opens: OpenSqlite, path: Path) -> None:
        self._opens = opens
        self._path = path
        super().__init__(runner)

    def opening(self) -> AbstractAsyncContextManager[SqliteStore]:
        """See `Opened.opening`."""
        return self._opens(self._path)

    def held(self) -> Held:
        """See `Opened.held`."""
        with closing(sqlite3.connect(self._path)) as connection:
            return {
                table: _ordered(connection.execute(_everything(table, names)), table, names)
                for table, names in self.columns().items()
            }

    def columns(self) -> dict[str, list[str]]:
        """The columns of every table, in their order."""
        found: dict[str, list[str]] = {}
        with closing(sqlite3.connect(self._path)) as connection:
            for table, column in connection.execute(
                "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
                " WHERE t.type = 'table' ORDER BY t.name, c.cid"
            ):
                if not table.startswith(ITS_OWN):
                    found.setdefault(table, []).append(column)
        return found


def _everything(table: str, names: list[str]) -> str:
    return f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608 # names of our own


def _ordered(rows: Iterable[Sequence[Any]], table: str, names: list[str]) -> list[tuple[Any, ...]]:
    found = [tuple(row) for row in rows]
    if table in NUMBERED:
        place = names.index(NUMBERED[table])
        found.sort(key=lambda row: row[place])
        found = [(*row[:place], n, *row[place + 1 :]) for n, row in enumerate(found)]
    return sorted(found, key=repr)


def in_files(runner: asyncio.Runner, directory: Path) -> tuple[Opened, Opened]:
    """That of the service, and that of whoever wants no threads."""
    return (
        OpenedFile(runner, open_store, directory / "threaded.db"),
        OpenedFile(runner, open_inline, directory / "inline.db"),
    )


class InTransaction(OfPostgres):
    """The session of a transaction, as the modules of either adapter are told of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, function: Callable[..., Any], *values: object, **named: object) -> Any:
        """See `OfPostgres.run`: as the store does it, sent ahead and not waited for."""
        return function(self._session, *values, **named)


class OpenedTables(Opened):
    """Tables in a database, which are as new.

    Args:
        threaded: the store of the service; otherwise that of a command.
        columns: of the tables that both adapters have.
    """

    def __init__(
        self,
        runner: asyncio.Runner,
        tables: Tables,
        path: Path,
        columns: dict[str, list[str]],
        *,
        threaded: bool,
    ) -> None:
        self._tables = tables
        self._mark = path
        self._columns = columns
        self._threaded = threaded
        self._looking = tables.as_new()
        super().__init__(runner)

    def write(self, deed: Deed) -> Coroutine[Any, Any, Any]:
        """See `Opened.write`."""
        if isinstance(deed, Asked):
            return self._store.write(deed.in_tables(), *deed.args, **deed.kwargs)
        return super().write(_of_session(deed))

    def read(self, look: Deed) -> Coroutine[Any, Any, Any]:
        """See `Opened.read`."""
        return super().read(_of_session(look))

    @asynccontextmanager
    async def opening(self) -> AsyncGenerator[SqliteStore]:
        """See `Opened.opening`."""
        # Whoever asks SQLite alone needs no driver.
        from engine.store.postgres import threaded
        from engine.store.postgres.lease import Lease
        from engine.store.postgres.lent import Lent
        from engine.store.postgres.reader import Reader
        from engine.store.postgres.standing import StandingStore
        from engine.store.postgres.writer import Writer

        # Of tables that nobody else knows; the first number is that of new ones.
        lease, mark = Lease(self._tables.database, 0, math.inf, math.inf), Mark(self._mark)
        with closing(Lent(self._tables.database)) as lent:
            if self._threaded:
                threads = anyio.CapacityLimiter(threaded.THREADS)
                async with threaded.open_store(lease, mark, lent, threads) as store:
                    yield cast("SqliteStore", store)
                return
            with closing(mark):
                reader = Reader(self._tables.database, lent)
                yield cast("SqliteStore", StandingStore(reader, Writer(lease, mark, lent)))

    def held(self) -> Held:
        """See `Opened.held`."""
        return {
            table: _ordered(self._looking.execute(_everything(table, names)), table, names)
            for table, names in self._columns.items()
        }


def _of_session(deed: Deed) -> Deed:
    def told(connection: sqlite3.Connection) -> Any:
        return deed(cast("sqlite3.Connection", InTransaction(cast("Session", connection))))

    return told


def in_tables(
    runner: asyncio.Runner, directory: Path, tables: Sequence[Tables]
) -> tuple[Opened, ...]:
    """That of the service, that of a command, and that in a file which wants no threads."""
    inline = OpenedFile(runner, open_inline, directory / "inline.db")
    columns = inline.columns()
    service, command = (
        OpenedTables(runner, each, directory / f"mark{number}", columns, threaded=number == 0)
        for number, each in enumerate(tables)
    )
    return service, command, inline
