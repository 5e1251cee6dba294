"""The outbox: what records of the source are owed, and what became of each delivery."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from engine.model.history import Note
from engine.model.outbox import MISSING, Entry, Key, Owed
from engine.model.records import RecordType
from engine.store.sqlite.history import remember


def due_keys(connection: sqlite3.Connection, now: float, limit: int) -> list[Key]:
    """See `Outbox.due_keys`."""
    rows = connection.execute(
        "SELECT record_type, record_id FROM outbox WHERE due_at <= ?"
        " ORDER BY due_at, record_id LIMIT ?",
        (now, limit),
    )
    return [Key(RecordType(row[0]), row[1]) for row in rows]


def next_due(connection: sqlite3.Connection, now: float) -> float | None:
    """See `Outbox.next_due`."""
    return connection.execute("SELECT min(due_at) FROM outbox WHERE due_at > ?", (now,)).fetchone()[
        0
    ]


_LOAD = {
    # What our own write-back made carries what that wrote; of an id that is none, 0 is told.
    RecordType.OPPORTUNITY: "SELECT o.*, r.ref, r.version, r.gone_id, r.target_id AS link,"
    " CASE WHEN r.version = r.delivered_version AND r.delivered_id IS NOT NULL THEN r.delivered_id"
    " WHEN r.linked THEN CAST(coalesce(r.carried, 0) AS TEXT) END AS carries FROM outbox o"
    " JOIN record r ON r.id = o.record_id WHERE o.record_type = 'opportunity'"
    " AND o.record_id IN (SELECT value FROM json_each(?))",
    RecordType.PERSON: "SELECT o.*, p.ref, p.version, NULL AS gone_id,"
    " p.prospect_id AS link, NULL AS carries FROM outbox o"
    " JOIN person p ON p.id = o.record_id WHERE o.record_type = 'person'"
    " AND o.record_id IN (SELECT value FROM json_each(?))",
}


def load(
    connection: sqlite3.Connection, record_type: RecordType, record_ids: Sequence[int]
) -> list[Entry]:
    """See `Outbox.load`."""
    rows = connection.execute(_LOAD[record_type], (json.dumps(record_ids),))
    return [
        Entry(
            record_type=record_type,
            record_id=row["record_id"],
            ref=row["ref"],
            generation=row["generation"],
            version=row["version"],
            target_id=row["target_id"],
            target_url=row["target_url"],
            error=None if row["error"] is None else bool(row["error"]),
            message=row["message"],
            changed_at=row["changed_at"],
            attempts=row["attempts"],
            gone_id=None if row["gone_id"] is None else str(row["gone_id"]),
            missed=row["missed"],
            link=None if row["link"] is None else str(row["link"]),
            carries=row["carries"],
        )
        for row in rows
    ]


def owe(
    connection: sqlite3.Connection,
    key: Key,
    owed: Owed | None,
    *,
    clears_error: bool,
    changed_at: int,
    now: float,
) -> None:
    """Merge into the outbox; one row per record says what the source shall hold in the end.

    Args:
        changed_at: source time of the change this answers, unix seconds.
    """
    present = connection.execute(
        "SELECT target_id, target_url, error, message FROM outbox"
        " WHERE record_type = ? AND record_id = ?",
        key,
    ).fetchone()
    if present is None and owed is None:
        return
    target_id, target_url, error, message = present or (None, None, None, None)
    owed = owed or Owed()
    # A flag on its way to the source must be taken back, or it would outlive its cause.
    unflag = clears_error and error == 1
    merged = (
        owed.target_id if owed.target_id is not None else target_id,
        owed.target_url if owed.target_url is not None else target_url,
        0 if unflag else (owed.error if owed.error is not None else error),
        "" if unflag else (owed.message if owed.message is not None else message),
    )
    connection.execute(
        "INSERT INTO outbox (record_type, record_id, target_id, target_url, error, message,"
        " changed_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (record_type, record_id) DO UPDATE SET generation = generation + 1,"
        " target_id = excluded.target_id, target_url = excluded.target_url,"
        " error = excluded.error, message = excluded.message, due_at = excluded.due_at",
        (*key, *merged, changed_at, now),
    )


_DELIVERED = {
    # A delivery without an id leaves what the record carried: what we last delivered only while
    # nobody has made a version since, and otherwise what that version shows.
    record_type: f"UPDATE {table} SET delivered_id = coalesce(?,"  # noqa: S608 # names below
    " CASE WHEN version = delivered_version THEN delivered_id END),"
    " delivered_version = CASE WHEN version <= ? THEN ? ELSE delivered_version END,"
    " version = max(version, ?) WHERE id = ?"
    for record_type, table in (
        (RecordType.OPPORTUNITY, "record"),
        (RecordType.PERSON, "person"),
    )
}


# The very entry that was delivered. A row that was voided and is owed anew counts from the first
# generation again, so it is told by what it says as well.
_SAME = (
    " WHERE record_type = ? AND record_id = ? AND generation = ?"
    " AND target_id IS ? AND target_url IS ? AND error IS ? AND message IS ?"
)


def _row(entry: Entry) -> tuple[str | int | None, ...]:
    said = (entry.target_id, entry.target_url, entry.error, entry.message)
    return (entry.record_type, entry.record_id, entry.generation, *said)


def _close(connection: sqlite3.Connection, entry: Entry) -> None:
    connection.execute(f"DELETE FROM outbox{_SAME}", _row(entry))  # noqa: S608 # a constant


def delivered(
    connection: sqlite3.Connection, confirmed: Sequence[tuple[Entry, int]], now: float
) -> None:
    """See `Outbox.delivered`."""
    for entry, version in confirmed:
        _close(connection, entry)
        if entry.record_type is RecordType.OPPORTUNITY:
            # The time of this version is not told; the next look at the record learns it.
            connection.execute(
                "UPDATE record SET known_at = ?, timed = 0 WHERE id = ? AND version < ?",
                (now, entry.record_id, version),
            )
        # A newer version may have been captured already; it was made on top of ours and shows it.
        connection.execute(
            _DELIVERED[entry.record_type],
            (entry.target_id, version, version, version, entry.record_id),
        )
        note = Note("written back", describe(entry))
        remember(connection, entry.record_id, version, note, now, record_type=entry.record_type)


def postpone(
    connection: sqlite3.Connection, entry: Entry, reason: str, *, due_at: float, counts: bool
) -> None:
    """See `Outbox.postpone`."""
    connection.execute(
        "UPDATE outbox SET due_at = ?, attempts = attempts + ?, reason = ?,"  # noqa: S608 # a constant
        f" missed = CASE WHEN ? = ? THEN missed + 1 ELSE 0 END{_SAME}",
        (due_at, int(counts), reason, reason, MISSING, *_row(entry)),
    )


def withdraw(connection: sqlite3.Connection, entry: Entry, note: Note, now: float) -> None:
    """The entry is void: the record now carries something that is not ours to overwrite."""
    _close(connection, entry)
    remember(connection, entry.record_id, entry.version, note, now, record_type=entry.record_type)


def withdraw_id(connection: sqlite3.Connection, entry: Entry, note: Note, now: float) -> None:
    """The id and URL of the entry are void; what else it says is owed as before."""
    connection.execute(
        "UPDATE outbox SET target_id = NULL, target_url = NULL,"  # noqa: S608 # a constant
        f" generation = generation + 1{_SAME}",
        _row(entry),
    )
    connection.execute(
        "DELETE FROM outbox WHERE record_type = ? AND record_id = ? AND target_id IS NULL"
        " AND target_url IS NULL AND error IS NULL AND message IS NULL",
        (entry.record_type, entry.record_id),
    )
    remember(connection, entry.record_id, entry.version, note, now, record_type=entry.record_type)


def describe(entry: Entry) -> str:
    """What an entry tells the source, for a person."""
    parts: list[str] = []
    if entry.target_id is not None:
        parts.append(f"id {entry.target_id}")
    if entry.target_url is not None:
        parts.append("URL")
    if entry.error is not None:
        parts.append("error flag set" if entry.error else "error flag cleared")
    return ", ".join(parts) or "nothing"
