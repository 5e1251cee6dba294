"""Waits that a clock set back has stretched: none is longer than any is meant to be.

What a clock that was ahead has left on disk lies ahead of the clock that is right. It is taken back
by as much as the clock was: a record that was due soon is due soon.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from engine.model.age import Stretch
from engine.model.mass_change import NEVER
from engine.store.rows.waits import DUE, FIRST, HAPPENED, MANY

# Of what is not pending nobody asks when it is due.
_PENDING = {"record": " AND state = 'pending'", "people_tab": " AND state = 'pending'"}


def bound(
    connection: sqlite3.Connection, now: float, longest_s: float, set_back_s: float = 0.0
) -> int:
    """See `Provenance.bound_waits`."""
    latest = now + longest_s
    stretched = now if set_back_s > 0 else latest
    shortened = 0
    for table, column in DUE:
        shortened += connection.execute(
            f"UPDATE {table} SET {column} = max(?, min({column} - ?, ?))"  # noqa: S608 # names above
            f" WHERE {column} > ? AND {column} < ?{_PENDING.get(table, '')}",
            (now, set_back_s, latest, stretched, NEVER),
        ).rowcount
    for table in HAPPENED:
        if set_back_s > 0 or table not in MANY:
            _take_back(connection, table, "", {"now": now, "set_back_s": set_back_s})
    return shortened


def following(
    connection: sqlite3.Connection, before: Stretch | None, limit: int, now: float
) -> tuple[Stretch, bool] | None:
    """See `Provenance.times_ahead`."""
    names = list(MANY)
    after = None if before is None else before.until
    for table in names if before is None else names[names.index(before.table) :]:
        key = MANY[table]
        until = connection.execute(
            f"SELECT max({key}) FROM (SELECT {key} FROM {table} WHERE {key} > ?"  # noqa: S608 # names above
            f" ORDER BY {key} LIMIT ?)",
            (FIRST if after is None else after, limit),
        ).fetchone()[0]
        if until is not None:
            stretch = Stretch(table, FIRST if after is None else after, until)
            return stretch, _any_ahead(connection, stretch, now)
        after = None
    return None


def _any_ahead(connection: sqlite3.Connection, stretch: Stretch, now: float) -> bool:
    key = MANY[stretch.table]
    found = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM {stretch.table} WHERE {key} > :after AND {key} <= :until"  # noqa: S608 # names above
        f" AND ({_ahead(stretch.table)}))",
        {"after": stretch.after, "until": stretch.until, "now": now},
    )
    return bool(found.fetchone()[0])


def take_back(connection: sqlite3.Connection, stretch: Stretch, now: float) -> None:
    """See `Provenance.take_times_back`."""
    key = MANY[stretch.table]
    among = f"{key} > :after AND {key} <= :until AND "
    bounds = {"after": stretch.after, "until": stretch.until}
    _take_back(connection, stretch.table, among, {"now": now, "set_back_s": 0.0} | bounds)


def _take_back(
    connection: sqlite3.Connection, table: str, among: str, values: Mapping[str, float]
) -> None:
    # A table is read through once, however many of its columns are times.
    taken_back = ", ".join(
        f"{column} = iif({column} > :now, min({column} - :set_back_s, :now), {column})"
        for column in HAPPENED[table]
    )
    connection.execute(
        f"UPDATE {table} SET {taken_back} WHERE {among}({_ahead(table)})",  # noqa: S608 # names above
        values,
    )


def _ahead(table: str) -> str:
    return " OR ".join(f"{column} > :now" for column in HAPPENED[table])
