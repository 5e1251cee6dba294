"""What the target lists as a whole, as kept: users and stages, with who is missing since when."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from engine.decide.roster import Listed


def load(connection: sqlite3.Connection, kind: str) -> dict[int, Listed]:
    """See `Kept.roster`."""
    rows = connection.execute(
        "SELECT id, entry, missing_since FROM listed WHERE kind = ? ORDER BY id", (kind,)
    )
    return {row[0]: Listed(row[1], row[2]) for row in rows}


def keep(connection: sqlite3.Connection, kind: str, entries: Mapping[int, Listed]) -> None:
    """See `Kept.keep_roster`."""
    connection.execute("DELETE FROM listed WHERE kind = ?", (kind,))
    connection.executemany(
        "INSERT INTO listed (kind, id, entry, missing_since) VALUES (?, ?, ?, ?)",
        [(kind, one, listed.entry, listed.missing_since) for one, listed in entries.items()],
    )
