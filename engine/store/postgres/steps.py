"""The steps that gave a schema of ours its form, and how far the one that is there has come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from engine.store.postgres import troubles


@dataclass(frozen=True, slots=True)
class Steps:
    """Those of one kind of schema.

    Args:
        package: in whose folder `schema` the scripts are.
        table: that says which version there is.
        ours: tables of which each such schema has one: another program may call one by a name of
            ours as well.
    """

    package: str
    table: str
    ours: tuple[str, ...]

    @property
    def scripts(self) -> tuple[str, ...]:
        """In order; step n brings version n - 1 to version n."""
        return _scripts(self.package)

    def version(self, connection: psycopg.Connection[Any], shown: str, schema: str) -> int:
        """Which version there is; 0 for none.

        Raises:
            StateUnusable: there is something else.
        """
        ours, anything = connection.execute(
            "SELECT count(*) FILTER (WHERE c.relkind = 'r' AND c.relname = ANY(%s)), count(*)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s",
            (list(self.ours), schema),
        ).fetchone() or (0, 0)
        if not anything:
            return 0
        if ours < len(self.ours):
            raise troubles.not_ours(schema)
        statement = sql.SQL("SELECT version FROM {}").format(sql.Identifier(schema, self.table))
        row = connection.execute(statement).fetchone()
        if row is None:
            raise troubles.altered(shown, "which version they are of is not there")
        return int(row[0])


@cache
def _scripts(package: str) -> tuple[str, ...]:
    folder = resources.files(package) / "schema"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((folder / name).read_text(encoding="utf-8") for name in names)
