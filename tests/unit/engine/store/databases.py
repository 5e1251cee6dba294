"""Schemas of tests in the server of the tests' own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from os import getpid

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.store.postgres.database import Database

_NUMBERS = count(1)


@contextmanager
def empty(server: str) -> Generator[Database]:
    """A database without our tables; what is made in its schema is gone after the block."""
    database = Database(server, f"place_{getpid()}_{next(_NUMBERS)}", lambda: None)
    try:
        yield database
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            for (name,) in connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname LIKE %s",
                (f"{database.schema}%",),
            ).fetchall():
                connection.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())


@contextmanager
def poor(server: str) -> Generator[Database]:
    """A database of whose schemas a role has one, and may not make another."""
    name = f"poor_{getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        try:
            for statement in (
                "CREATE ROLE {} LOGIN",
                "CREATE DATABASE {}",
            ):
                connection.execute(statement.format(name).encode())
            inside = make_conninfo(server, dbname=name)
            with psycopg.connect(inside, autocommit=True) as its:
                its.execute(f"CREATE SCHEMA mine AUTHORIZATION {name}".encode())
            yield Database(make_conninfo(inside, user=name), "mine", lambda: None)
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"DROP ROLE IF EXISTS {name}".encode())


@contextmanager
def apart(server: str) -> Generator[str]:
    """The address of a database of its own, as a configuration names it."""
    name = f"apart_{getpid()}_{next(_NUMBERS)}"
    host = conninfo_to_dict(server)["host"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"postgresql:///{name}?host={host}&user=wosync"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
