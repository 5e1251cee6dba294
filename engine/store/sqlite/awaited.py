"""References that records wait for, and looking ahead at what the next records will need."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from engine.model.identity import id_of
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.work import Referring

# The kind under which opportunities wait for people; the name is the person's id in the source.
PERSON = "person"


def wake_awaiting(
    connection: sqlite3.Connection, kind: str, names: Collection[str], now: float
) -> int:
    """See `Awaited.wake_awaiting`."""
    woken = 0
    for name in names:
        woken += connection.execute(
            "UPDATE record SET state = 'pending', revision = revision + 1, due_at = ?, lane = ?,"
            " pending_since = ?"
            " WHERE state = 'settled' AND id IN"
            " (SELECT record_id FROM awaited WHERE kind = ? AND name = ?)",
            (now, Lane.BACKLOG, now, kind, name),
        ).rowcount
    return woken


def referring(
    connection: sqlite3.Connection, columns: Sequence[str], names: Sequence[str]
) -> list[Referring]:
    """See `Awaited.referring`."""
    places = json.dumps([f'$."{column}"' for column in columns])
    rows = connection.execute(
        "SELECT id, payload, synced FROM record WHERE state = 'settled' AND target_id IS NOT NULL"
        " AND synced IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(?) place"
        " WHERE CAST(json_extract(payload, place.value) AS TEXT)"
        " IN (SELECT value FROM json_each(?)))",
        (places, json.dumps(list(names))),
    )
    return [Referring(row[0], row[1], json.loads(row[2])) for row in rows]


def wake_moved(connection: sqlite3.Connection, ids: Sequence[int], now: float) -> int:
    """See `Awaited.wake_moved`."""
    return connection.execute(
        "UPDATE record SET state = 'pending', revision = revision + 1, due_at = ?, lane = ?,"
        " pending_since = ?, mass = ?"
        " WHERE state = 'settled' AND id IN (SELECT value FROM json_each(?))",
        (now, Lane.BACKLOG, now, Mass.EVALUATING, json.dumps(list(ids))),
    ).rowcount


def awaited_names(connection: sqlite3.Connection, kind: str) -> list[str]:
    """See `Awaited.awaited_names`."""
    rows = connection.execute("SELECT DISTINCT name FROM awaited WHERE kind = ?", (kind,))
    return [row[0] for row in rows]


def pending_column(connection: sqlite3.Connection, column: str, limit: int) -> list[int]:
    """See `Awaited.pending_column`."""
    rows = connection.execute(
        "SELECT DISTINCT value FROM (SELECT json_extract(payload, ?) AS value FROM record"
        " WHERE state = 'pending' ORDER BY lane, due_at, id LIMIT ?) WHERE value IS NOT NULL",
        (f'$."{column}"', limit),
    )
    return [found for row in rows if (found := id_of(str(row[0]))) is not None]
