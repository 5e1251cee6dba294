"""History: one line per decision about a record, so that every one of them can be explained.

A line has what was written for it, each field with what it held before. Lines that only tell are
bounded for each record; those with writes live for a time, and lose their writes then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from engine.model.history import Note
from engine.model.reason import code_of
from engine.model.records import RecordType
from engine.runs import kept_run, spent
from engine.store.rows.history import DAY_S, HISTORY_MAX
from engine.store.sqlite.runs import PRESENT, begin_day
from engine.store.writes import encoded

_INSERT = (
    "INSERT INTO history (at, record_type, record_id, version, decision, detail, reason_code,"  # noqa: S608 # a name of ours
    " writes, requests, run)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, (SELECT CAST(value AS INTEGER)"
    f" FROM setting WHERE name = '{PRESENT}')))"
)


def remember(
    connection: sqlite3.Connection,
    record_id: int,
    version: int,
    note: Note,
    now: float,
    *,
    record_type: RecordType = RecordType.OPPORTUNITY,
) -> None:
    """Add a line to the record's history; of those without writes let the oldest go."""
    counted = spent.get()
    connection.execute(
        _INSERT,
        (
            now,
            record_type,
            record_id,
            version,
            note.decision,
            note.detail,
            code_of(note.detail),
            encoded(note.writes),
            None if counted is None else counted.taken(),
            kept_run.get(),
        ),
    )
    if not note.writes:
        _bound(connection, record_type, record_id)


def said_last(connection: sqlite3.Connection, record_id: int, note: Note) -> bool:
    """Whether this opportunity's last line of the kind says the same, and nothing was written."""
    last = connection.execute(
        "SELECT detail, writes FROM history WHERE record_type = ? AND record_id = ?"
        " AND decision = ? ORDER BY seq DESC LIMIT 1",
        (RecordType.OPPORTUNITY, record_id, note.decision),
    ).fetchone()
    return last is not None and tuple(last) == (note.detail, None)


def _bound(connection: sqlite3.Connection, record_type: str, record_id: int) -> None:
    """Let the oldest lines without writes beyond HISTORY_MAX go."""
    connection.execute(
        "DELETE FROM history INDEXED BY history_bare"
        " WHERE record_type = ? AND record_id = ? AND writes IS NULL AND seq <="
        " (SELECT seq FROM history INDEXED BY history_bare"
        " WHERE record_type = ? AND record_id = ? AND writes IS NULL"
        " ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (record_type, record_id, record_type, record_id, HISTORY_MAX),
    )


def remember_alike(
    connection: sqlite3.Connection, records: Sequence[tuple[int, int]], note: Note, now: float
) -> None:
    """Add one line to the history of each of these opportunities, given with their versions.

    The oldest lines beyond HISTORY_MAX go with the next line of each.
    """
    code, run = code_of(note.detail), kept_run.get()
    connection.executemany(
        _INSERT,
        [
            (
                now,
                RecordType.OPPORTUNITY,
                record_id,
                version,
                note.decision,
                note.detail,
                code,
                None,
                None,
                run,
            )
            for record_id, version in records
        ],
    )


def tend(
    connection: sqlite3.Connection, now: float, *, before: float, bytes_max: int, limit: int
) -> int:
    """See `Journal.tend`."""
    begin_day(connection, now)
    return _forget(connection, before, bytes_max, limit)


def _forget(connection: sqlite3.Connection, before: float, bytes_max: int, limit: int) -> int:
    (size,) = connection.execute("SELECT bytes FROM history_size").fetchone()
    rows = connection.execute(
        "SELECT seq, at, record_type, record_id, length(CAST(writes AS BLOB)) + 150"
        " FROM history INDEXED BY history_written WHERE writes IS NOT NULL ORDER BY at LIMIT ?",
        (limit,),
    ).fetchall()
    old: list[sqlite3.Row] = []
    for row in rows:
        if row[1] >= before and size <= bytes_max:
            break
        size -= row[4]
        old.append(row)
    connection.executemany(
        "UPDATE history SET writes = NULL WHERE seq = ?", [(row[0],) for row in old]
    )
    for record_type, record_id in {(row[2], row[3]) for row in old}:
        _bound(connection, record_type, record_id)
    connection.execute(
        "DELETE FROM run WHERE began_at < ? AND id IS NOT"
        " (SELECT CAST(value AS INTEGER) FROM setting WHERE name = ?)",
        # None lasts for longer than a day.
        (before - DAY_S, PRESENT),
    )
    return len(old)
