"""What the tables of the store are like, and how a test puts into them what they would not take."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

_OF_SQLITE = """
SELECT t.name, c.name, c.type, c."notnull" AND c.dflt_value IS NULL
FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'
"""
_OF_POSTGRES = """
SELECT c.table_name, c.column_name,
    CASE c.data_type WHEN 'double precision' THEN 'REAL' WHEN 'text' THEN 'TEXT' ELSE 'INTEGER' END,
    c.is_nullable = 'NO' AND c.column_default IS NULL AND c.is_identity = 'NO'
FROM information_schema.columns c WHERE c.table_schema = current_schema()
"""
_RULES_OF_POSTGRES = """
SELECT conrelid::regclass, conname FROM pg_constraint
WHERE connamespace = to_regnamespace(current_schema()) AND contype IN ('c', 'f')
"""


class Column(NamedTuple):
    """A column of a table; its kind as SQLite calls it."""

    table: str
    name: str
    kind: str
    required: bool


def columns(connection: sqlite3.Connection) -> list[Column]:
    """All there are."""
    asked = _OF_SQLITE if _is_sqlite(connection) else _OF_POSTGRES
    found = connection.execute(asked)
    return [Column(table, name, kind, bool(required)) for table, name, kind, required in found]


@contextmanager
def anything_goes(connection: sqlite3.Connection) -> Generator[None]:
    """For the block, no value is checked and nothing need be there that is referred to."""
    if _is_sqlite(connection):
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield
        connection.execute("PRAGMA ignore_check_constraints = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        return
    connection.execute("BEGIN")
    for table, name in connection.execute(_RULES_OF_POSTGRES).fetchall():
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    connection.execute("ROLLBACK")


def _is_sqlite(connection: object) -> bool:
    return isinstance(connection, sqlite3.Connection)
