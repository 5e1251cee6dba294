"""Creates in doubt, as one look at the target sees them: many at once, whoever waits for which."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from engine.store.sqlite import people, tabs, work


def due_looks(
    connection: sqlite3.Connection, now: float, *, since: Mapping[str, float], limit: int
) -> list[str]:
    """See `Records.due_looks`."""
    rows = connection.execute(
        "SELECT i.correlation FROM intent i JOIN record r ON r.id = i.record_id"
        " LEFT JOIN json_each(?) AS known ON known.key = i.correlation"
        " WHERE i.look_at <= ? AND r.state = 'pending' AND r.due_at <= ?"
        " AND (known.value IS NULL OR known.value < i.look_at)"
        " ORDER BY i.look_at LIMIT ?",
        (json.dumps(since), now, now, limit),
    )
    return list(dict.fromkeys(row[0] for row in rows))


def next_look(connection: sqlite3.Connection, now: float) -> float | None:
    """See `Records.next_look`."""
    return connection.execute(
        "SELECT min(look_at) FROM intent WHERE look_at > ?", (now,)
    ).fetchone()[0]


def look_again(connection: sqlite3.Connection, record_id: int, due_at: float) -> None:
    """See `Records.look_again`."""
    connection.execute(
        "UPDATE intent SET checks = checks + 1, look_at = ? WHERE record_id = ?",
        (due_at, record_id),
    )
    # An edit captured meanwhile must not start the search early, whatever its due time.
    connection.execute("UPDATE record SET due_at = ? WHERE id = ?", (due_at, record_id))


def doubt_unfinished(connection: sqlite3.Connection, now: float) -> int:
    """See `Provenance.doubt_unfinished`."""
    return sum(subject.doubt_all(connection, now) for subject in (work, tabs, people))
