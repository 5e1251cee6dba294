"""How statements reach PostgreSQL: one after the other, none of them waited for before it must be.

A statement is sent without waiting for its answer; what asks for rows, or for how many rows were
changed, waits for it and all before it. So a transaction whose statements mostly write takes few
round trips, and a look that sends all its statements before it reads takes one. An error of a
statement shows where somebody waits next, at the latest at the commit.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, LiteralString, cast

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from psycopg.types.numeric import Int2Dumper, Int8Dumper
from psycopg.types.string import StrDumper

# Whoever is cut off in the middle of a transaction must not keep what it has locked.
_SETTINGS = (
    "SELECT set_config('search_path', %s, true),"
    " set_config('idle_in_transaction_session_timeout', '10s', true)"
)
_LOOKING = (
    "SELECT set_config('search_path', %s, true), set_config('transaction_read_only', 'on', true)"
)

Values = Sequence[Any] | Mapping[str, Any]


class _Flag(Int2Dumper):
    """Flags are 0 and 1 in the schema, as in every other store of ours."""

    def dump(self, obj: Any) -> bytes | bytearray | memoryview | None:
        return super().dump(int(obj))


class _Text(StrDumper):
    """PostgreSQL keeps every character but one, which whoever sent it does not miss."""

    def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
        return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)


class Changed:
    """What a statement did that was sent."""

    __slots__ = ("_cursor", "_session")

    def __init__(self, session: Session, cursor: psycopg.Cursor[Any]) -> None:
        self._session = session
        self._cursor = cursor

    def fetchone(self) -> Any:
        """Its next row, or None; waits for it."""
        self._session.wanted()
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """All rows that are left; waits for them."""
        self._session.wanted()
        return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    @property
    def rowcount(self) -> int:
        """How many rows it changed; waits for that."""
        self._session.settle()
        return self._cursor.rowcount


class Session:
    """A connection in a transaction, as the functions of the store see it.

    Raises:
        psycopg.Error: a statement failed, this or one before it.
    """

    __slots__ = ("_connection", "_pipeline")

    def __init__(
        self, connection: psycopg.Connection[Any], pipeline: psycopg.Pipeline | None
    ) -> None:
        self._connection = connection
        self._pipeline = pipeline

    def execute(self, statement: str, values: Values = ()) -> Changed:
        """Send a statement; its rows are tuples."""
        cursor = self._connection.cursor()
        # The statements are ours, put together from constants; values only ever go as parameters.
        cursor.execute(cast("LiteralString", statement), values)
        return Changed(self, cursor)

    def named(self, statement: str, values: Values = ()) -> Changed:
        """Send a statement; its rows are mappings by the names of the columns."""
        cursor = self._connection.cursor(row_factory=dict_row)
        cursor.execute(cast("LiteralString", statement), values)
        return Changed(self, cursor)

    def executemany(self, statement: str, rows: Iterable[Values]) -> None:
        """Send a statement for each of these."""
        for values in rows:
            self._connection.cursor().execute(cast("LiteralString", statement), values)

    def wanted(self) -> None:
        """Rows are about to be read."""

    def begin_job(self, *, last: bool) -> None:
        """Whether something else follows what is done from now on, in the same transaction."""

    def settle(self) -> None:
        """Wait for everything that was sent."""
        if self._pipeline is not None:
            self._pipeline.sync()


class _Look(Session):
    """A session that only reads: it needs no statement to begin, and none to end.

    Unless more is to follow, what is sent until somebody reads is one transaction, of which the
    server hears the end with the last statement; what is sent afterwards is another one, and sees
    what was committed meanwhile, as every statement does.
    """

    __slots__ = ("_last", "_schema", "_under_way")

    def __init__(self, connection: psycopg.Connection[Any], schema: str) -> None:
        super().__init__(connection, None)
        self._schema = schema
        self._last = True
        self._under_way: AbstractContextManager[psycopg.Pipeline] | None = None

    def execute(self, statement: str, values: Values = ()) -> Changed:
        """See `Session.execute`."""
        self._begin()
        return super().execute(statement, values)

    def named(self, statement: str, values: Values = ()) -> Changed:
        """See `Session.named`."""
        self._begin()
        return super().named(statement, values)

    def wanted(self) -> None:
        """See `Session.wanted`."""
        if self._last:
            self.settle()

    def begin_job(self, *, last: bool) -> None:
        """See `Session.begin_job`."""
        self._last = last

    def settle(self) -> None:
        """See `Session.settle`."""
        ended, self._under_way = self._under_way, None
        if ended is not None:
            ended.__exit__(None, None, None)

    def _begin(self) -> None:
        if self._under_way is None:
            self._under_way = self._connection.pipeline()
            self._under_way.__enter__()
            super().execute(_LOOKING, (self._schema,))


def document(rows: Sequence[Mapping[str, Any]]) -> str:
    """Many rows as one value, for `json_to_recordset`: planned once, however many they are."""
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" not in text:
        return text
    # As in every text that is sent; what only looks like one stays.
    return json.dumps([{name: _sent(value) for name, value in row.items()} for row in rows])


def _sent(value: Any) -> Any:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Tell a new connection how the values of this store are written."""
    connection.adapters.register_dumper(bool, _Flag)
    # By itself a number is of the smallest type that holds it, and each mix another statement.
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_dumper(str, _Text)


@contextmanager
def transaction(
    connection: psycopg.Connection[Any], schema: str, *, read_only: bool = False
) -> Generator[Session]:
    """A transaction on the tables of one pair; committed on exit, undone where that raises.

    Nothing of it outlives the transaction in the server's session, so that a pooler may give each
    transaction another one.

    Raises:
        psycopg.Error: a statement failed, or the commit.
    """
    try:
        yield from _looking(connection, schema) if read_only else _writing(connection, schema)
    except BaseException:
        _undo(connection)
        raise


def _looking(connection: psycopg.Connection[Any], schema: str) -> Generator[Session]:
    session = _Look(connection, schema)
    try:
        yield session
    except BaseException:
        # What failed is known to whoever is told.
        with suppress(psycopg.Error):
            session.settle()
        raise
    session.settle()


def _writing(connection: psycopg.Connection[Any], schema: str) -> Generator[Session]:
    with connection.pipeline() as pipeline:
        session = Session(connection, pipeline)
        session.execute("BEGIN")
        try:
            session.execute(_SETTINGS, (schema,))
            yield session
            # Its answer is what the end of the pipeline waits for.
            session.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):
                pipeline.sync()
            raise


def _undo(connection: psycopg.Connection[Any]) -> None:
    """Undo it; a connection that is lost has done that already."""
    if connection.closed:
        return
    with suppress(psycopg.Error):
        # By this and no statement of ours: what was to be prepared behind a failure was not, and is
        # taken for prepared unless the driver knows that all of it was undone.
        if connection.info.transaction_status is TransactionStatus.IDLE:
            connection.execute("BEGIN")
        connection.rollback()
