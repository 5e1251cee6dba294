"""The journal: lines of history as they are read, of one record, of a run, or since a moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from engine.model.history import PEOPLE_WAIT, WAITS
from engine.model.named import Named
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.store.rows.journal import RECENT_MAX, line, waits

_LINES = (
    "SELECT h.at, h.version, h.decision, h.detail, h.reason_code, h.run, h.writes, h.record_type,"
    " h.record_id, coalesce(r.ref, p.ref, '') AS ref, h.seq, h.requests FROM history h"
    " LEFT JOIN record r ON h.record_type = 'opportunity' AND r.id = h.record_id"
    " LEFT JOIN person p ON h.record_type = 'person' AND p.id = h.record_id"
)


def of_record(
    connection: sqlite3.Connection, record_type: RecordType, record_id: int
) -> list[HistoryLine]:
    """Everything that was decided about one record, oldest first."""
    rows = connection.execute(
        f"{_LINES} WHERE h.record_type = ? AND h.record_id = ? ORDER BY h.seq",  # a constant
        (record_type, record_id),
    )
    return [line(row) for row in rows]


def recent(
    connection: sqlite3.Connection, record_type: RecordType, record_id: int
) -> list[HistoryLine]:
    """The latest of it, oldest first: RECENT_MAX lines, and as many that only tell.

    So a refusal is found behind any number of writes, and nobody waits for all of those.
    """
    rows = connection.execute(
        f"{_LINES} WHERE h.seq IN (SELECT seq FROM (SELECT seq FROM history INDEXED BY history_bare"  # noqa: S608 # constants
        " WHERE record_type = :type AND record_id = :id AND writes IS NULL ORDER BY seq DESC"
        " LIMIT :most)"
        " UNION SELECT seq FROM (SELECT seq FROM history"
        " WHERE record_type = :type AND record_id = :id ORDER BY seq DESC LIMIT :most))"
        " ORDER BY h.seq",
        {"type": record_type, "id": record_id, "most": RECENT_MAX},
    )
    return [line(row) for row in rows]


def lines(
    connection: sqlite3.Connection,
    *,
    run: int | None = None,
    since: float | None = None,
    records: Sequence[Named] = (),
    upto: int | None = None,
    limit: int = -1,
    skip: int = 0,
) -> list[HistoryLine]:
    """Lines of this run, since this moment, and of these records, oldest first.

    Args:
        upto: none after this line.
        limit: so many at most; -1 for all.
    """
    where, values = _where(run, since, records)
    if upto is not None:
        where, values = f"{where} AND h.seq <= ?", [*values, upto]
    rows = connection.execute(
        f"{_LINES} WHERE {where} ORDER BY h.seq LIMIT ? OFFSET ?",  # words of ours
        (*values, limit, skip),
    )
    return [line(row) for row in rows]


def counted(
    connection: sqlite3.Connection,
    *,
    run: int | None = None,
    since: float | None = None,
    records: Sequence[Named] = (),
) -> int:
    """How many of them there are."""
    where, values = _where(run, since, records)
    return connection.execute(
        f"SELECT count(*) FROM history h WHERE {where}",  # noqa: S608 # words of ours
        values,
    ).fetchone()[0]


def _where(
    run: int | None, since: float | None, records: Sequence[Named]
) -> tuple[str, list[str | int | float]]:
    parts, values = ["1"], list[str | int | float]()
    if records:
        each = "(h.record_type = ? AND h.record_id = ?)"
        parts.append(f"({' OR '.join([each] * len(records))})")
        values += [value for one in records for value in (one.record_type.value, one.id)]
    if run is not None:
        parts.append("h.run = ?")
        values.append(run)
    if since is not None:
        parts.append("h.at >= ?")
        values.append(since)
    return " AND ".join(parts), values


def present(connection: sqlite3.Connection, named: Named) -> Iterator[HistoryLine]:
    """What the record waits for now, told by the record itself.

    A line for each of many thousands, written when they are captured, would hold up everybody.
    """
    if named.record_type is RecordType.PERSON:
        rows = connection.execute(
            "SELECT read_at, version, ?, reason_code, reason FROM person"
            " WHERE id = ? AND prospect_id IS NULL AND reason IS NOT NULL",
            (WAITS, named.id),
        )
    else:
        rows = connection.execute(
            "SELECT pending_since, version, ?, reason_code, reason FROM record"
            " WHERE id = ? AND state = 'pending' AND mass <> 2 UNION ALL"
            " SELECT t.pending_since, r.version, ?, t.reason_code, t.reason FROM people_tab t"
            " JOIN record r ON r.id = t.record_id WHERE r.id = ? AND t.state = 'pending'"
            " AND t.mass <> 2 AND t.reason IS NOT NULL",
            (WAITS, named.id, PEOPLE_WAIT, named.id),
        )
    found = rows.fetchall()
    return waits(named, found, _last(connection, named) if found else None)


def _last(connection: sqlite3.Connection, named: Named) -> sqlite3.Row | None:
    """What the latest line decided, and why: nothing was settled since."""
    return connection.execute(
        "SELECT decision, reason_code FROM history WHERE record_type = ? AND record_id = ?"
        " ORDER BY seq DESC LIMIT 1",
        (named.record_type, named.id),
    ).fetchone()
