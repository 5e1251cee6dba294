"""PostgreSQL as the tests of the store see it: tables as new for each test, and no waiting.

A statement of a test, with SQLite's placeholders, is executed by itself, at once. A function of the
store runs in a transaction, as it always does, unless the test has begun one; and so that a test
shows which statement failed, it waits for each.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from engine.store.postgres.database import Database
from engine.store.postgres.session import Session, Values
from tests.postgres import THROUGH_POOLER
from tests.unit.engine.store.adapters import OfPostgres, RefusedByServer

NO_MOVE = "WS001"
# What is no placeholder, and a placeholder.
MARKS = re.compile(r"('(?:[^']|'')*')|(\?)|(?<!:):([a-z_]+)|(%)")


class Row(tuple[Any, ...]):
    """The values of a row, by number or by name."""

    names: Sequence[str]

    def __getitem__(self, key: Any, /) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] # any of both
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        """Its columns."""
        return list(self.names)


def by_both(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Row]:
    """Makes such rows; for psycopg."""
    names = [column.name for column in cursor.description or ()]

    def made(values: Sequence[Any]) -> Row:
        row = Row(values)
        row.names = names
        return row

    return made


def _marked(found: re.Match[str]) -> str:
    text, mark, name, _ = found.groups()
    if text is not None:
        return text.replace("%", "%%")
    if mark is not None:
        return "%s"
    return "%%" if name is None else f"%({name})s"


class _NothingSent:
    """A pipeline that nothing is ever in."""

    def sync(self) -> None:
        """Nothing to wait for."""


class Direct(OfPostgres):
    """A connection to PostgreSQL with which tests do what they do with one to SQLite."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._session = Session(connection, cast("psycopg.Pipeline", _NothingSent()))

    def execute(self, statement: str, values: Values = ()) -> psycopg.Cursor[Row]:
        """A statement of a test."""
        cursor = self._connection.cursor(row_factory=by_both)
        with _told():
            return cursor.execute(cast("LiteralString", MARKS.sub(_marked, statement)), values)

    def executemany(self, statement: str, rows: Iterable[Values]) -> None:
        """The statement for each of these."""
        for values in rows:
            self.execute(statement, values)

    @property
    def total_changes(self) -> int:
        """How many rows were written since BEGIN."""
        [number] = self.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_user_tables"
        ).fetchone() or (0,)
        return number

    def run(self, function: Callable[..., Any], *values: object, **named: object) -> Any:
        """See `OfPostgres.run`."""
        with _told():
            if self._connection.info.transaction_status is not TransactionStatus.IDLE:
                return _read(function(self._session, *values, **named))
            self._connection.execute("BEGIN")
            try:
                done = _read(function(self._session, *values, **named))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            return done


@contextmanager
def _told() -> Generator[None]:
    """What the schema refuses is told as such."""
    try:
        yield
    except psycopg.Error as error:
        if isinstance(error, psycopg.IntegrityError) or error.sqlstate == NO_MOVE:
            raise RefusedByServer(str(error)) from error
        raise


def _read(done: Any) -> Any:
    """What is read bit by bit is read within the transaction."""
    return iter([*cast("Iterator[Any]", done)]) if isinstance(done, Iterator) else done


class Tables:
    """The tables of the state in a schema of this process."""

    def __init__(self, server: str) -> None:
        self._name = f"wosync_tests_{os.getpid()}_{secrets.token_hex(4)}"
        # Behind a pooler no setting of a session stays, so there they are those of a role.
        self._role = self._name if os.environ.get(THROUGH_POOLER) else None
        if self._role is not None:
            self._of_server(
                server,
                f"CREATE ROLE {self._role} SUPERUSER LOGIN",
                f"ALTER ROLE {self._role} SET search_path = {self._name}",
            )
        self._server = server
        reached = server if self._role is None else make_conninfo(server, user=self._role)
        self.database = Database(reached, self._name, lambda: None)
        self._connection = self._made()

    def as_new(self) -> Direct:
        """A connection to them, with nothing in them but what a new state has."""
        connection = self._connection
        if connection.closed:
            connection = self._connection = self._made()
        connection.rollback()
        connection.execute(
            "SELECT set_config('search_path', %s, false),"
            " set_config('session_replication_role', 'origin', false)",
            (self._name,),
        )
        connection.execute(_text(f"SELECT {self._name}_new.emptied()"))
        return Direct(connection)

    def close(self) -> None:
        """They are not needed any more."""
        if not self._connection.closed:
            self._connection.rollback()
            self._connection.execute(_text(self._dropped()))
            self._connection.close()
        if self._role is not None:
            self._of_server(self._server, f"DROP OWNED BY {self._role}", f"DROP ROLE {self._role}")

    @staticmethod
    def _of_server(server: str, *statements: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            for one in statements:
                connection.execute(_text(one))

    def _made(self) -> psycopg.Connection[Any]:
        connection = self.database.connect()
        connection.execute(_text(f"{self._dropped()} CREATE SCHEMA {self._name}_new"))
        self.database.prepare()
        connection.execute(_text(f"SET search_path = {self._name}"))
        self._remember(connection)
        return connection

    def _dropped(self) -> str:
        return (
            "SET client_min_messages = warning;"
            f" DROP SCHEMA IF EXISTS {self._name}, {self._name}_new CASCADE;"
            " RESET client_min_messages;"
        )

    def _remember(self, connection: psycopg.Connection[Any]) -> None:
        """Make the function that empties them again, for which the server plans but once."""
        name = self._name
        deeds: list[str] = []
        for (table,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", (name,)
        ).fetchall():
            deeds.append(f"DELETE FROM {name}.{table};")  # noqa: S608 # names of ours
            begins = f"CREATE TABLE {name}_new.{table} AS TABLE {table}"
            if connection.execute(_text(begins)).rowcount:
                deeds.append(f"INSERT INTO {name}.{table} TABLE {name}_new.{table};")
        for sequence, start in connection.execute(
            "SELECT sequencename, start_value FROM pg_sequences WHERE schemaname = %s", (name,)
        ).fetchall():
            deeds.append(f"PERFORM setval('{name}.{sequence}', {start}, false);")
        body = "\n".join(deeds)
        connection.execute(
            _text(
                f"CREATE FUNCTION {name}_new.emptied() RETURNS void LANGUAGE plpgsql"
                " SET session_replication_role = replica"
                f" AS $$ BEGIN {body} END $$"
            )
        )


def _text(statement: str) -> LiteralString:
    """It is of names of our own."""
    return cast("LiteralString", statement)
