"""Waits that a clock set back has stretched: none is longer than any is meant to be.

What a clock that was ahead has left in the database lies ahead of the clock that is right. It is
taken back by as much as the clock was: a record that was due soon is due soon.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.age import Stretch
from engine.model.mass_change import NEVER
from engine.store.postgres.session import Session
from engine.store.rows.waits import DUE, FIRST, HAPPENED, MANY

# Of what is not pending nobody asks when it is due.
_PENDING = {"record": " AND state = 'pending'", "people_tab": " AND state = 'pending'"}


def bound(connection: Session, now: float, longest_s: float, set_back_s: float = 0.0) -> int:
    """See `Provenance.bound_waits`."""
    latest = now + longest_s
    stretched = now if set_back_s > 0 else latest
    counts = [
        connection.execute(
            f"WITH shortened AS (UPDATE {table}"  # noqa: S608 # names above
            f" SET {column} = greatest(%s, least({column} - %s, %s))"
            f" WHERE {column} > %s AND {column} < %s{_PENDING.get(table, '')} RETURNING 1)"
            " SELECT count(*) FROM shortened",
            (now, set_back_s, latest, stretched, NEVER),
        )
        for table, column in DUE
    ]
    for table in HAPPENED:
        if set_back_s > 0 or table not in MANY:
            _take_back(connection, table, "", {"now": now, "set_back_s": set_back_s})
    return sum(count.fetchone()[0] for count in counts)


def following(
    connection: Session, before: Stretch | None, limit: int, now: float
) -> tuple[Stretch, bool] | None:
    """See `Provenance.times_ahead`."""
    names = list(MANY)
    after = FIRST if before is None else before.until
    for table in names if before is None else names[names.index(before.table) :]:
        key = MANY[table]
        until, ahead = connection.execute(
            "SELECT max(key), coalesce(bool_or(ahead), false)"  # noqa: S608 # names above
            f" FROM (SELECT {key} AS key, {_ahead(table)} AS ahead FROM {table}"
            f"  WHERE {key} > %(after)s ORDER BY {key} LIMIT %(limit)s) AS stretch",
            {"after": after, "limit": limit, "now": now},
        ).fetchone()
        if until is not None:
            return Stretch(table, after, until), ahead
        after = FIRST
    return None


def take_back(connection: Session, stretch: Stretch, now: float) -> None:
    """See `Provenance.take_times_back`."""
    key = MANY[stretch.table]
    among = f"{key} > %(after)s AND {key} <= %(until)s AND "
    bounds = {"after": stretch.after, "until": stretch.until}
    _take_back(connection, stretch.table, among, {"now": now, "set_back_s": 0.0} | bounds)


def _take_back(connection: Session, table: str, among: str, values: Mapping[str, float]) -> None:
    # A table is read through once, however many of its columns are times.
    taken_back = ", ".join(
        f"{column} = CASE WHEN {column} > %(now)s"
        f" THEN least({column} - %(set_back_s)s, %(now)s) ELSE {column} END"
        for column in HAPPENED[table]
    )
    connection.execute(
        f"UPDATE {table} SET {taken_back} WHERE {among}({_ahead(table)})",  # noqa: S608 # names above
        values,
    )


def _ahead(table: str) -> str:
    return " OR ".join(f"{column} > %(now)s" for column in HAPPENED[table])
