"""Linked records in the state of a stopped service: as if it had synced them long ago.

They are copies of one it really synced, each with an opportunity, a person and a role of its own.
The source does not have them, which only the next sweep or audit would notice.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from engine.store.sqlite import rest, statefile
from tests.benchmarks.stage import BenchmarkFailed

# Far above every id the emulators give.
FIRST_ID = 1_000_000
_SERIES = (
    "WITH RECURSIVE series(id) AS (SELECT :first UNION ALL"
    " SELECT id + 1 FROM series WHERE id + 1 < :first + :number)"
)
_TABLES = ("record", "people_tab")
_OWN = {
    "id": "series.id",
    "record_id": "series.id",
    "ref": "'OPP-' || series.id",
    "target_id": "series.id",
    "delivered_id": "CAST(series.id AS TEXT)",
}
_CLAIMS = "INSERT INTO claim (target_id, record_id, since) SELECT id, id, 0 FROM series"
_PEOPLE = (
    "INSERT INTO person (id, ref, version, read_at, email, prospect_id, delivered_id)"
    " SELECT id, 'PERS-' || id, 1, 0, 'person' || id || '@bench.example', id, CAST(id AS TEXT)"
    " FROM series"
)
_ROLES = (
    "INSERT INTO role (id, record_id, target_id, prospect_id, role, made, seen_at)"
    " SELECT id, id, id, id, 'Decision Maker', 1, 0 FROM series"
)


def plant_linked(state_dir: Path, number: int) -> None:
    """Add so many linked records to the state in this directory.

    Raises:
        BenchmarkFailed: the state holds no linked record to copy.
    """
    sizes = {"first": FIRST_ID, "number": number}
    with contextlib.closing(statefile.connect(state_dir / statefile.FILE_NAME)) as connection:
        template = connection.execute(
            "SELECT id FROM record WHERE target_id IS NOT NULL AND state = 'settled' LIMIT 1"
        ).fetchone()
        if template is None:
            raise BenchmarkFailed("no linked record to copy")
        connection.execute("BEGIN")
        for table in _TABLES:
            _copy(connection, table, {**sizes, "template": template[0]})
        for statement in (_CLAIMS, _PEOPLE, _ROLES):
            connection.execute(f"{_SERIES} {statement}", sizes)
        connection.execute("COMMIT")
    # As the service leaves it.
    rest.note(state_dir / statefile.FILE_NAME)


def _copy(connection: sqlite3.Connection, table: str, values: Mapping[str, int]) -> None:
    columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
    key = "id" if table == "record" else "record_id"
    connection.execute(
        f"{_SERIES} INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 # names above
        f" SELECT {', '.join(_OWN.get(column, f'template.{column}') for column in columns)}"
        f" FROM series, {table} AS template WHERE template.{key} = :template",
        values,
    )
