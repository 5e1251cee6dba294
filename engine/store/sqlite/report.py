"""What the store tells an operator: counts, ages, reasons, history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from engine.model.lane import Lane
from engine.model.named import Named
from engine.model.records import RecordType
from engine.model.report import (
    Counts,
    HistoryLine,
    Progress,
    RefusedReason,
    RefusedRecord,
    WaitingReason,
)
from engine.store.rows import report as told
from engine.store.sqlite import fuse, intents, journal

# By name: for an order by reference every record there is would be looked at.
_REFUSED = (
    "SELECT id, ref, reason_class, reason_field, reason, reason_code FROM record"
    " INDEXED BY record_refused WHERE state = 'refused'"
    " UNION ALL SELECT id, ref, reason_class, reason_field, reason, reason_code FROM person"
    " INDEXED BY person_refused WHERE refused_version IS NOT NULL"
)


def counts(connection: sqlite3.Connection) -> Counts:
    """See `Report.counts`."""
    pending, oldest = connection.execute(
        "SELECT (SELECT count(*) FROM record WHERE state = 'pending'),"
        " (SELECT min(pending_since) FROM record WHERE state = 'pending' AND mass <> 2)"
    ).fetchone()
    linked = connection.execute(
        "SELECT count(*) FROM record WHERE target_id IS NOT NULL"
    ).fetchone()[0]
    refused = connection.execute("SELECT count(*) FROM record WHERE state = 'refused'").fetchone()[
        0
    ]
    owed, stuck = connection.execute(
        "SELECT count(*), coalesce(sum(attempts > 0), 0) FROM outbox"
    ).fetchone()
    in_doubt, doubtful_since = connection.execute(
        "SELECT count(*), min(i.doubt_since) FROM intent i WHERE i.doubt_since IS NOT NULL"  # noqa: S608 # a constant
        f" AND {intents.WANTED}"
    ).fetchone()
    tabs, held_back, people_refused = connection.execute(
        "SELECT (SELECT count(*) FROM people_tab WHERE state = 'pending'),"
        " (SELECT count(DISTINCT record_id) FROM awaited WHERE kind = 'person'),"
        " (SELECT count(*) FROM person WHERE refused_version IS NOT NULL)"
    ).fetchone()
    return Counts(
        pending,
        oldest,
        in_doubt,
        refused,
        linked,
        owed,
        stuck,
        doubtful_since,
        tabs,
        held_back,
        people_refused,
    )


def progress(connection: sqlite3.Connection) -> Progress:
    """See `Report.progress`."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM record WHERE state = 'pending'),"
        " (SELECT min(pending_since) FROM record WHERE state = 'pending' AND mass <> 2),"
        " (SELECT count(*) FROM people_tab WHERE state = 'pending'),"
        " (SELECT count(*) FROM outbox),"
        " (SELECT count(*) FROM record WHERE state = 'refused'),"
        " (SELECT count(*) FROM person WHERE refused_version IS NOT NULL)"
    ).fetchone()
    return Progress(*row)


def due(connection: sqlite3.Connection, now: float, lane_max: Lane) -> int:
    """See `Report.due`."""
    return connection.execute(
        "SELECT (SELECT count(*) FROM record"
        " WHERE state = 'pending' AND lane <= ? AND due_at <= ?)"
        " + (SELECT count(*) FROM people_tab"
        " WHERE state = 'pending' AND lane <= ? AND due_at <= ?)"
        " + (SELECT count(*) FROM outbox WHERE due_at <= ?)",
        (lane_max, now, lane_max, now, now),
    ).fetchone()[0]


def refused(connection: sqlite3.Connection, limit: int) -> list[RefusedRecord]:
    """Refused opportunities and people with their reasons, by reference."""
    rows = connection.execute(f"{_REFUSED} ORDER BY ref LIMIT ?", (limit,))
    return [RefusedRecord(*row) for row in rows]


def refused_examples(connection: sqlite3.Connection, limit: int) -> list[RefusedRecord]:
    """So many of them by reference; of each reason one, then of each another, and so on."""
    rows = connection.execute(
        f"WITH refused AS ({_REFUSED}), turns AS (SELECT *, row_number() OVER"  # noqa: S608 # a constant
        " (PARTITION BY reason_class, reason_field, reason ORDER BY ref) AS turn FROM refused)"
        " SELECT id, ref, reason_class, reason_field, reason, reason_code FROM turns"
        " ORDER BY turn, ref LIMIT ?",
        (limit,),
    )
    return sorted((RefusedRecord(*row) for row in rows), key=lambda one: one.ref)


def refused_reasons(connection: sqlite3.Connection, limit: int) -> list[RefusedReason]:
    """Why they were refused, the commonest reason first."""
    rows = connection.execute(
        "SELECT count(*), reason_class, reason_field, reason, reason_code"  # noqa: S608 # a constant
        f" FROM ({_REFUSED})"
        " GROUP BY reason_class, reason_field, reason, reason_code"
        " ORDER BY count(*) DESC, reason LIMIT ?",
        (limit,),
    )
    return [RefusedReason(*row) for row in rows]


def waiting_reasons(connection: sqlite3.Connection, limit: int) -> list[WaitingReason]:
    """See `Report.waiting_reasons`."""
    rows = connection.execute(
        "SELECT count(*), reason, reason_code FROM"
        " (SELECT reason, reason_code FROM record WHERE state = 'pending' AND reason IS NOT NULL"
        " UNION ALL SELECT reason, reason_code FROM people_tab"
        " WHERE state = 'pending' AND reason IS NOT NULL"
        " UNION ALL SELECT reason, reason_code FROM outbox WHERE reason IS NOT NULL)"
        " GROUP BY reason, reason_code ORDER BY count(*) DESC, reason LIMIT ?",
        (limit,),
    )
    return [WaitingReason(*row) for row in rows]


def history(connection: sqlite3.Connection, ref: str) -> list[HistoryLine]:
    """The decisions about one record, oldest first; last, that it is held, while it is."""
    rows = connection.execute(
        "SELECT 'opportunity', id FROM record WHERE ref = :ref"
        " UNION ALL SELECT 'person', id FROM person WHERE ref = :ref",
        {"ref": ref},
    ).fetchall()
    lines = [
        line
        for record_type, record_id in rows
        for line in journal.of_record(connection, RecordType(record_type), record_id)
    ]
    return [*lines, *held(connection, ref)]


def present(connection: sqlite3.Connection, named: Named) -> list[HistoryLine]:
    """See `Journal.present`."""
    return [*held(connection, named.ref), *journal.present(connection, named)]


def held(connection: sqlite3.Connection, ref: str) -> Iterator[HistoryLine]:
    """What the fuse would let happen to the record; told by the record itself.

    A line for each of many thousands, written at the moment they are held, would hold up everybody.
    """
    since = fuse.held_since(connection)
    if since is None:
        return
    rows = connection.execute(
        "SELECT version, reason FROM record WHERE ref = :ref AND mass = 2"
        " UNION ALL SELECT r.version, t.reason FROM record r"
        " JOIN people_tab t ON t.record_id = r.id WHERE r.ref = :ref AND t.mass = 2",
        {"ref": ref},
    )
    yield from told.held(since, rows)
