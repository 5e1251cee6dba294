"""The audit, as kept: what the source shows of a slice of records, against what is known of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from engine.records import Captured
from engine.store import capture
from engine.store.capture import Capture


def population(connection: sqlite3.Connection) -> int:
    """Records that should be eligible in the source."""
    return connection.execute(
        "SELECT count(*) FROM record WHERE state IN ('pending', 'settled')"
    ).fetchone()[0]


def compare(
    connection: sqlite3.Connection,
    rows: Sequence[Captured],
    *,
    after: int,
    upto: int | None,
    started_at: float,
    now: float,
) -> tuple[Capture, int]:
    """Take in what differs; what is not shown is not eligible any more. Returns how many those are.

    Args:
        after, upto: ids the slice lies between, the first excluded; None for no end.
        started_at: when the slice was asked for, unix seconds.
    """
    outcome = capture.capture_page(connection, rows, now=now, fresh_max=0, mass=True)
    vanished = connection.execute(
        "UPDATE record SET state = 'ineligible', revision = revision + 1"
        " WHERE id > ? AND id <= ? AND state IN ('pending', 'settled') AND captured_at < ?"
        " AND id NOT IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM intent WHERE record_id = record.id)",
        (
            after,
            upto if upto is not None else 2**63 - 1,
            started_at,
            json.dumps([row.id for row in rows]),
        ),
    ).rowcount
    return outcome, vanished


def unproven(connection: sqlite3.Connection, before: float) -> tuple[int, float | None]:
    """Records last shown by the source before `before`, and the earliest such time of all."""
    # Two questions, so that each is answered from its end of the index.
    return connection.execute(
        "SELECT (SELECT count(*) FROM record"
        " WHERE state IN ('pending', 'settled') AND proved_at < ?),"
        " (SELECT min(proved_at) FROM record WHERE state IN ('pending', 'settled'))",
        (before,),
    ).fetchone()
