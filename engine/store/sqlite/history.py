"""History: one line per decision about a record, so that every one of them can be explained."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from engine.model.history import Note
from engine.model.reason import code_of
from engine.model.records import RecordType

# Lines of history kept for each record.
HISTORY_MAX = 50


def remember(
    connection: sqlite3.Connection,
    record_id: int,
    version: int,
    note: Note,
    now: float,
    *,
    record_type: RecordType = RecordType.OPPORTUNITY,
) -> None:
    """Add a line to the record's history and let the oldest beyond HISTORY_MAX go."""
    connection.execute(
        "INSERT INTO history (at, record_type, record_id, version, decision, detail, reason_code)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (now, record_type, record_id, version, note.decision, note.detail, code_of(note.detail)),
    )
    connection.execute(
        "DELETE FROM history WHERE record_type = ? AND record_id = ? AND seq <="
        " (SELECT seq FROM history WHERE record_type = ? AND record_id = ?"
        " ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (record_type, record_id, record_type, record_id, HISTORY_MAX),
    )


def remember_alike(
    connection: sqlite3.Connection, records: Sequence[tuple[int, int]], note: Note, now: float
) -> None:
    """Add one line to the history of each of these opportunities, given with their versions.

    The oldest lines beyond HISTORY_MAX go with the next line of each.
    """
    code = code_of(note.detail)
    connection.executemany(
        "INSERT INTO history (at, record_type, record_id, version, decision, detail, reason_code)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (now, RecordType.OPPORTUNITY, record_id, version, note.decision, note.detail, code)
            for record_id, version in records
        ],
    )
