"""What an operator has told us to leave alone, as kept."""

from __future__ import annotations

import sqlite3

from engine.model.records import RecordType
from engine.model.skip import Skip


def of(connection: sqlite3.Connection, record_type: RecordType, record_id: int) -> Skip | None:
    """Why this record is left alone; None where it is not."""
    row = connection.execute(
        "SELECT reason, since FROM skip WHERE record_type = ? AND record_id = ?",
        (record_type, record_id),
    ).fetchone()
    return None if row is None else Skip(row[0], row[1])


def keep(
    connection: sqlite3.Connection, record_type: RecordType, record_id: int, skip: Skip
) -> None:
    """Leave it alone from now on; a former reason is replaced."""
    connection.execute(
        "INSERT OR REPLACE INTO skip (record_type, record_id, reason, since) VALUES (?, ?, ?, ?)",
        (record_type, record_id, skip.reason, skip.since),
    )


def forget(connection: sqlite3.Connection, record_type: RecordType, record_id: int) -> bool:
    """Leave it alone no more; whether it was."""
    return bool(
        connection.execute(
            "DELETE FROM skip WHERE record_type = ? AND record_id = ?", (record_type, record_id)
        ).rowcount
    )
