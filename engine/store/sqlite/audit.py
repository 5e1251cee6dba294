"""The audit, as kept: what the source shows of a slice of records, against what is known of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from engine.decide.capture import why_vanished
from engine.decide.reasons import because
from engine.model.capture import Capture
from engine.model.reason import Code
from engine.model.records import Captured
from engine.store.rows.audit import end
from engine.store.sqlite import capture, claims, intents


def population(connection: sqlite3.Connection) -> int:
    """See `Audit.population`."""
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
    whole: bool = True,
) -> tuple[Capture, list[int], int]:
    """See `Audit.compare`."""
    outcome = capture.capture_page(
        connection,
        rows,
        now=now,
        fresh_max=0,
        mass=True,
        asked_at=started_at,
        may_lag=False,
        completing=True,
    )
    if not whole:
        return outcome, [], 0
    rows_gone = connection.execute(
        "SELECT id FROM record"  # noqa: S608 # a constant
        " WHERE id > ? AND id <= ? AND state IN ('pending', 'settled') AND captured_at < ?"
        f" AND id NOT IN (SELECT value FROM json_each(?)){capture.LISTED}",
        (
            after,
            end(upto),
            started_at,
            json.dumps([row.id for row in rows]),
        ),
    ).fetchall()
    # Two records that carry one id: whose it is is decided when they are looked at.
    looked_at = claims.look_at_carriers(connection, after, end(upto), now)
    return outcome, [row[0] for row in rows_gone], len(looked_at)


def leave_out_vanished(
    connection: sqlite3.Connection,
    ids: Sequence[int],
    rows: Sequence[Captured],
    deleted: Collection[int],
    *,
    asked_at: float,
    now: float,
) -> int:
    """See `Audit.leave_out_vanished`."""
    capture.capture_page(
        connection, rows, now=now, fresh_max=0, mass=True, asked_at=asked_at, may_lag=False
    )
    shown = {row.id: row for row in rows}
    still = connection.execute(
        "SELECT id, version FROM record WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 # a constant
        " AND state IN ('pending', 'settled') AND captured_at <= ?"
        f" AND NOT {intents.RECORD_OPEN}{capture.LISTED}",
        (json.dumps(list(ids)), asked_at),
    ).fetchall()
    for record_id, version in still:
        row = shown.get(record_id)
        if row is None or not row.eligible:
            reason = why_vanished(row, deleted=record_id in deleted)
            capture.leave_out(connection, [(record_id, version)], reason, now)
    (left,) = connection.execute(
        "SELECT count(*) FROM record WHERE id IN (SELECT value FROM json_each(?))"
        " AND state NOT IN ('pending', 'settled')",
        (json.dumps(list(ids)),),
    ).fetchone()
    return left


def refused(connection: sqlite3.Connection, after: int, upto: int | None) -> list[int]:
    """See `Audit.refused`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE state = 'refused' AND id > ? AND id <= ? ORDER BY id",
        (after, end(upto)),
    )
    return [row[0] for row in rows]


def compare_refused(
    connection: sqlite3.Connection,
    ids: Sequence[int],
    rows: Sequence[Captured],
    now: float,
    *,
    asked_at: float,
) -> int:
    """See `Audit.compare_refused`."""
    capture.capture_page(
        connection,
        rows,
        now=now,
        fresh_max=0,
        asked_at=asked_at,
        may_lag=False,
        completing=True,
    )
    gone = connection.execute(
        "SELECT id, version FROM record"
        " WHERE state = 'refused' AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(set(ids) - {row.id for row in rows})),),
    ).fetchall()
    capture.leave_out(
        connection, [(row[0], row[1]) for row in gone], because(Code.RECORD_HIDDEN), now
    )
    still = connection.execute(
        "SELECT count(*) FROM record"
        " WHERE state = 'refused' AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    ).fetchone()[0]
    return len(ids) - still
