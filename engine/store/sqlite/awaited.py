"""References that records wait for, and looking ahead at what the next records will need."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from engine.model.identity import id_of
from engine.model.lane import Lane

# The kind under which opportunities wait for people; the name is the person's id in the source.
PERSON = "person"


def wake_awaiting(
    connection: sqlite3.Connection, kind: str, names: Iterable[str], now: float
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
