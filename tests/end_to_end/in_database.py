"""A state in a PostgreSQL database, for tests of the commands."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.end_to_end.test_cli_errors import Home

_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Tables:
    """A schema of a server, in which a state may be.

    Args:
        server: a connection string of whoever owns it.
    """

    server: str
    schema: str

    @property
    def address(self) -> str:
        """As a configuration names it."""
        return self.address_of()

    def address_of(self, **parts: str) -> str:
        """The same with other parts."""
        known = {name: str(value) for name, value in conninfo_to_dict(self.server).items()} | parts
        user, name = known.pop("user"), known.pop("dbname")
        query = "&".join(f"{part}={quote(value, safe='')}" for part, value in known.items())
        return f"postgresql://{user}@/{name}?{query}"

    def run(self, *statements: str) -> None:
        """Statements, in the schema."""
        with psycopg.connect(self._within(), autocommit=True) as connection:
            for one in statements:
                connection.execute(one.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds there."""
        with psycopg.connect(self._within()) as connection:
            return connection.execute(query.encode()).fetchall()

    def names(self) -> list[str]:
        """Of its schema and those kept aside, what there is."""
        found = self.rows(f"SELECT nspname FROM pg_namespace WHERE nspname LIKE '{self.schema}%'")  # noqa: S608 # a name of ours
        return sorted(name for (name,) in found)

    def owned_by(self, role: str) -> int:
        """How many tables are a role's."""
        with psycopg.connect(self._within()) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_tables WHERE tableowner = %s", (role,)
            )
            return (found.fetchone() or (0,))[0]

    def _within(self) -> str:
        return make_conninfo(self.server, options=f"-c search_path={self.schema}")


@contextmanager
def tables(server: str) -> Generator[Tables]:
    """A schema that is not there yet, and goes with the block."""
    made = Tables(server, f"commands_{os.getpid()}_{next(_NUMBERS)}_")
    try:
        yield made
    finally:
        for name in made.names():
            made.run(f"DROP SCHEMA {name} CASCADE")


def named(home: Home, tables: Tables, address: str | None = None, *further: str) -> None:
    """Have the configuration name them.

    Args:
        address: another one than theirs.
        further: lines beside it.
    """
    lines = [
        f'state = "{address or tables.address}"',
        f'state_schema = "{tables.schema}"',
        "lease_s = 2",
        *further,
    ]
    home.replace("[service]\n", "\n".join(["[service]", *lines, ""]))
