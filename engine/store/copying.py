"""Copies of a state in a database: the rows of its tables in a state file, and back.

They are checked row by row before they count. A table is read in the order of its key on both
sides, so that neither is ever held in memory.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, LiteralString, cast

import psycopg

from engine.errors import StateUnusable
from engine.store import statedir
from engine.store.postgres import lease
from engine.store.postgres.database import Database
from engine.store.rows import provenance
from engine.store.sqlite import copies, kept, statefile
from engine.store.sqlite.before import mark_as_copy
from engine.store.sqlite.copies import PUT_BACK

# Of the database alone: who may write there, and how far its schema is.
_OWN = ("leader", "schema_version")
_SECRET = "secret"  # noqa: S105 # the name of a table
# So many rows are under way at once.
_ROWS = 2000
# What is longer the server cuts off.
_NAME_MAX = 63


@dataclass(frozen=True, slots=True)
class Table:
    """A table that both kinds have.

    Args:
        columns: all of them.
        key: what orders its rows in the database.
        ordered: the same in a file, as terms.
        counted: the column whose numbers the database gives, if there is one.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    ordered: str
    counted: str | None

    @property
    def listed(self) -> str:
        """Its columns, as a statement lists them."""
        return _names(self.columns)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def tables(
    connection: psycopg.Connection[Any], schema: str, file: sqlite3.Connection
) -> list[Table]:
    """What is to be copied, what others refer to first."""
    rows = connection.execute(
        "SELECT c.relname, a.attname, a.attidentity <> '',"
        " coalesce(a.attnum = ANY(i.indkey::smallint[]), false)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
        " WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname <> ALL(%s)"
        " ORDER BY c.relname <> 'record', c.relname,"
        " array_position(i.indkey::smallint[], a.attnum), a.attnum",
        (schema, list(_OWN)),
    ).fetchall()
    found: list[Table] = []
    for name in dict.fromkeys(row[0] for row in rows):
        of_it = [row for row in rows if row[0] == name]
        there = {
            row["name"]: row["type"]
            for row in file.execute("SELECT name, type FROM pragma_table_info(?)", (name,))
        }
        if not there:
            # Somebody has put it beside ours.
            continue
        columns = tuple(column for column in there if column in {row[1] for row in of_it})
        key = tuple(row[1] for row in of_it if row[3]) or columns
        counted = next((row[1] for row in of_it if row[2]), None)
        ordered = ", ".join(_term(column, there.get(column)) for column in key)
        found.append(Table(name, columns, key, ordered, counted))
    return found


def _term(column: str, kind: str | None) -> str:
    """What orders the rows of a file as a column orders those of the database.

    Args:
        kind: the type of the column in the file; None where it has none.
    """
    if kind is None:
        # Rows are numbered by themselves there.
        return "rowid"
    return f'plain("{column}")' if kind == "TEXT" else f'"{column}"'


@contextmanager
def held(database: Database, lease_s: float) -> Generator[lease.Lease]:
    """The lease of the tables for the block; such as are made for it go with it where it fails.

    Raises:
        StateUnusable: as `Database.prepare` and `leased`.
    """
    made = database.prepare()
    with lease.leased(database, lease_s) as ours:
        try:
            yield ours
        except BaseException:
            if made:
                with suppress(StateUnusable):
                    database.discard_if_empty(made, ours.number)
            raise


@contextmanager
def moment(database: Database) -> Generator[psycopg.Connection[Any]]:
    """A connection that sees one moment of the tables, which are those of this version."""
    database.ensure_known(database.version())
    with database.connected(math.inf) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _within(connection, database.schema)
        yield connection


@contextmanager
def changing(database: Database, ours: lease.Lease) -> Generator[psycopg.Connection[Any]]:
    """A connection in a transaction of its own, under our lease."""
    with database.connected(math.inf) as connection, connection.transaction():
        _within(connection, database.schema)
        connection.execute("SELECT fence(%s)", (ours.number,))
        yield connection


@contextmanager
def reading(path: Path) -> Generator[None]:
    """For the block, a state file that cannot be read is told as such."""
    try:
        yield
    except sqlite3.Error as error:
        raise statefile.unreadable(path, error) from error


@contextmanager
def writing(to: Path) -> Generator[sqlite3.Connection]:
    """A connection to a prepared state file that nobody else knows yet."""
    try:
        with contextlib.closing(statefile.connect(to, durable=False)) as file:
            yield file
    except sqlite3.Error as error:
        raise copies.unwritable(to, error) from error


def _within(connection: psycopg.Connection[Any], schema: str) -> None:
    connection.execute("SELECT set_config('search_path', %s, true)", (schema,))


def _of_database(connection: psycopg.Connection[Any], table: Table) -> Iterator[Sequence[Any]]:
    statement = f'SELECT {table.listed} FROM "{table.name}" ORDER BY {_names(table.key)}'  # noqa: S608 # names of the schema
    with connection.cursor(name="rows") as cursor:
        cursor.itersize = _ROWS
        yield from cursor.execute(cast("LiteralString", statement))


def _of_file(connection: sqlite3.Connection, table: Table) -> Iterator[Sequence[Any]]:
    connection.create_function("plain", 1, _plain, deterministic=True)
    statement = f'SELECT {table.listed} FROM "{table.name}" ORDER BY {table.ordered}'  # noqa: S608 # names of the schema
    return iter(connection.execute(statement))


def _ensure_equal(
    connection: psycopg.Connection[Any], file: sqlite3.Connection, copied: Iterable[Table]
) -> int:
    """Whether both hold the same rows; returns how many.

    Raises:
        StateUnusable: they do not.
    """
    rows = 0
    for table in copied:
        pairs = zip_longest(_of_database(connection, table), _of_file(file, table))
        for number, (ours, theirs) in enumerate(pairs, 1):
            if ours is None or theirs is None or not _alike(ours, theirs):
                raise StateUnusable(
                    f"the copy differs from the state in table {table.name}, row {number}, and was"
                    " not kept",
                    remedy="nothing was changed; try again, and report this if it stays so",
                )
            rows += 1
    return rows


def _alike(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(
        type(mine) is type(its) and (mine == its or _plain(mine) == _plain(its))
        for mine, its in zip(one, other, strict=True)
    )


def _plain(value: Any) -> Any:
    """A value as both kinds can keep it."""
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def fill_file(
    connection: psycopg.Connection[Any],
    schema: str,
    file: sqlite3.Connection,
    *,
    secrets: bool,
) -> int:
    """Write all rows of the tables into a prepared state file; returns how many."""
    copied = [
        table for table in tables(connection, schema, file) if secrets or table.name != _SECRET
    ]
    file.execute("PRAGMA foreign_keys = OFF")
    file.execute("BEGIN IMMEDIATE")
    try:
        triggers = file.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        # Each row is as it is to be already: what follows from it is copied as well.
        for name, _ in triggers:
            file.execute(f'DROP TRIGGER "{name}"')
        for table in copied:
            file.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 # a name of the schema
            places = ", ".join("?" * len(table.columns))
            file.executemany(
                f'INSERT INTO "{table.name}" ({table.listed}) VALUES ({places})',  # noqa: S608 # names of the schema
                _of_database(connection, table),
            )
            if _remembers(file, table):
                _note_last(connection, file, table)
        for _, statement in triggers:
            file.execute(statement)
        rows = _ensure_equal(connection, file, copied)
        file.execute("COMMIT")
    except BaseException:
        if file.in_transaction:
            file.execute("ROLLBACK")
        raise
    return rows


def fill_database(
    connection: psycopg.Connection[Any], schema: str, file: sqlite3.Connection
) -> int:
    """Write all rows of a state file into tables, in the transaction; returns how many."""
    _within(connection, schema)
    copied = tables(connection, schema, file)
    for table in copied:
        _run(connection, f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
        _run(connection, f'DELETE FROM "{table.name}"')  # noqa: S608 # a name of the schema
    for table in copied:
        statement = f'COPY "{table.name}" ({table.listed}) FROM STDIN'
        with (
            connection.cursor() as cursor,
            cursor.copy(cast("LiteralString", statement)) as copy,
        ):
            for row in _of_file(file, table):
                copy.write_row(row)
        if table.counted is not None:
            _count_on(connection, file, table)
    for table in copied:
        _run(connection, f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
    rows = _ensure_equal(connection, file, copied)
    _run(connection, f"ANALYZE {_names(table.name for table in copied)}")
    return rows


def _count_on(connection: psycopg.Connection[Any], file: sqlite3.Connection, table: Table) -> None:
    """Have the numbers of a table go on after the highest that was ever given."""
    given = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
    (highest,) = connection.execute(
        cast("LiteralString", f'SELECT max("{table.counted}") FROM "{table.name}"')  # noqa: S608 # names of the schema
    ).fetchone() or (None,)
    last = max(highest or 0, given[0] if given else 0)
    connection.execute(
        "SELECT setval(pg_get_serial_sequence(%s, %s), greatest(%s::bigint, 1), %s::bigint > 0)",
        (f'"{table.name}"', table.counted, last, last),
    )


def _remembers(file: sqlite3.Connection, table: Table) -> bool:
    """Whether a file gives no number of a table twice, whatever was deleted since."""
    made = file.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).fetchone()
    return "AUTOINCREMENT" in made[0]


def _note_last(connection: psycopg.Connection[Any], file: sqlite3.Connection, table: Table) -> None:
    """Keep the highest number that the database has given."""
    last = connection.execute(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(%s, %s)), 0)",
        (f'"{table.name}"', table.counted),
    ).fetchone() or (0,)
    file.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
    file.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, *last))


def _run(connection: psycopg.Connection[Any], statement: str) -> None:
    connection.execute(cast("LiteralString", statement))


def rehearsable(database: Database, to: Path) -> None:
    """Copy the state as it is at one moment, without its secrets; an empty one for none at all.

    Raises:
        StateUnusable: the state cannot be read, or the copy not be written.
    """
    statefile.prepare(to)
    with writing(to) as file:
        if database.version():
            with moment(database) as connection:
                fill_file(connection, database.schema, file, secrets=False)
        # Whose a prospect is, is asked for each line of a plan.
        file.execute("CREATE INDEX person_prospect ON person (prospect_id)")


def back_up(database: Database, to: Path) -> None:
    """Write a copy of the state, as it is at one moment, into a file that does not exist yet.

    Raises:
        StateUnusable: the state cannot be read, or the copy not be written.
    """
    copies.make(to)
    try:
        statefile.prepare(to)
        with writing(to) as file:
            with moment(database) as connection:
                fill_file(connection, database.schema, file, secrets=True)
            mark_as_copy(file, PUT_BACK)
    except BaseException:
        take_away(to)
        raise


def settings(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Every setting in the tables, in a transaction."""
    return dict[str, str](connection.execute("SELECT name, value FROM setting").fetchall())


def take_away(path: Path) -> None:
    """Remove a state file with what SQLite has beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


def put_back(
    database: Database, directory: Path, lease_s: float, copy: Path, pair: str
) -> str | None:
    """Put a copy in the place of the state; returns where that one is now.

    Args:
        directory: of the service on this machine.

    Raises:
        StateUnusable: as `Place.put_back`.
    """
    try:
        # Opened before the directory is entered, where root has only its owner's rights.
        with copies.opened(copy) as source, statedir.lease(directory):
            copies.ensure_ours(copy, source, pair)
            with (
                _present(copy, source) as file,
                held(database, lease_s) as ours,
                changing(database, ours) as connection,
            ):
                # In the place of one that was moved none is put while that works.
                provenance.ensure_in_use(settings(connection).get)
                aside = make_room(connection, database)
                fill_database(connection, database.schema, file)
                return aside
    except (sqlite3.Error, OSError) as error:
        raise StateUnusable(
            f"{copy} cannot be put back: {error}",
            remedy="the present state is as it was; check the file, and the free space in /tmp",
        ) from error


@contextmanager
def _present(copy: Path, source: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """The copy with the present schema, marked as one, of which nothing is left behind."""
    with TemporaryDirectory(prefix="wosync-") as directory:
        brought = Path(directory) / copy.name
        with contextlib.closing(sqlite3.connect(brought)) as written:
            source.backup(written)
        statefile.prepare(brought)
        with contextlib.closing(statefile.connect(brought)) as connection:
            kept.set_setting(connection, provenance.COPIED, PUT_BACK)
            yield connection


def make_room(
    connection: psycopg.Connection[Any], database: Database, *, keep: bool = True
) -> str | None:
    """Make the tables anew in the place of the present ones, in a transaction under our lease.

    Args:
        keep: what is there, if it is worth that.

    Returns:
        Where that is now, in words; None for nothing kept.

    Raises:
        StateUnusable: the role may not keep it.
    """
    leader = connection.execute("SELECT number, holder, until FROM leader").fetchone()
    aside = _put_aside(connection, database) if keep else None
    if aside is None:
        database.clear(connection)
    database.make(connection)
    # Its number only ever grows: a process of before may wake up with the one that it was given.
    connection.execute("UPDATE leader SET number = %s, holder = %s, until = %s", leader)
    return None if aside is None else f"schema {aside} of the same database"


def _put_aside(connection: psycopg.Connection[Any], database: Database) -> str | None:
    """Keep the present tables under a name that is free; None where there is nothing in them."""
    if not database.holds_anything(connection):
        return None
    may = connection.execute("SELECT has_database_privilege(current_database(), 'CREATE')")
    if may.fetchone() != (True,):
        raise StateUnusable(
            f"the state that is in {database.shown} cannot be kept under another name: the role may"
            " not make a schema",
            remedy="let it for as long as this takes: GRANT CREATE ON DATABASE ... TO ...",
        )
    names = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace").fetchall()}
    number = 1
    while (aside := _numbered(database.schema, number)) in names:
        number += 1
    _run(connection, f'ALTER SCHEMA "{database.schema}" RENAME TO "{aside}"')
    return aside


def _numbered(schema: str, number: int) -> str:
    ending = f"_before_{number}"
    return f"{schema[: _NAME_MAX - len(ending)]}{ending}"
