"""The outbox: what records of the source are owed, and what became of each delivery."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from engine.decide import journal, write_back
from engine.model.history import Note
from engine.model.outbox import Carried, Entry, Key, Owed
from engine.model.reason import Reason, code_of
from engine.model.records import RecordType
from engine.store.rows import outbox as rows
from engine.store.sqlite import undone
from engine.store.sqlite.history import remember
from engine.store.sqlite.rows import by_name


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
    RecordType.OPPORTUNITY: "SELECT o.*, r.ref, r.version, r.delivered_id, r.delivered_version,"
    " r.gone_id, r.target_id AS link,"
    " r.linked, r.carried FROM outbox o"
    " JOIN record r ON r.id = o.record_id WHERE o.record_type = 'opportunity'"
    " AND o.record_id IN (SELECT value FROM json_each(?))",
    RecordType.PERSON: "SELECT o.*, p.ref, p.version, NULL AS delivered_id,"
    " NULL AS delivered_version, NULL AS gone_id, p.prospect_id AS link, 0 AS linked,"
    " NULL AS carried"
    " FROM outbox o"
    " JOIN person p ON p.id = o.record_id WHERE o.record_type = 'person'"
    " AND o.record_id IN (SELECT value FROM json_each(?))",
}


def load(
    connection: sqlite3.Connection, record_type: RecordType, record_ids: Sequence[int]
) -> list[Entry]:
    """See `Outbox.load`."""
    found = connection.execute(_LOAD[record_type], (json.dumps(record_ids),))
    return [rows.entry(record_type, row) for row in map(by_name, found)]


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
    row = connection.execute(
        "SELECT target_id, target_url, error, message FROM outbox"
        " WHERE record_type = ? AND record_id = ?",
        key,
    ).fetchone()
    merged = write_back.merged(_owed(row), owed, clears_error=clears_error)
    if merged is None:
        return
    connection.execute(
        "INSERT INTO outbox (record_type, record_id, target_id, target_url, error, message,"
        " changed_at, due_at, generation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (record_type, record_id) DO UPDATE SET generation = generation + 1,"
        " target_id = excluded.target_id, target_url = excluded.target_url,"
        " error = excluded.error, message = excluded.message, due_at = excluded.due_at",
        # A row that was voided and says the same again is not the one on its way meanwhile.
        (*key, *rows.columns(merged), changed_at, now, int(now * 1_000_000)),
    )


_VOID_FLAG = {
    record_type: "UPDATE outbox SET error = NULL, message = NULL, generation = generation + 1"  # noqa: S608 # names below
    " WHERE record_type = ? AND record_id = ? AND error = 1"
    f" AND (SELECT version FROM {table} WHERE id = record_id) <> ?"
    for record_type, table in (
        (RecordType.OPPORTUNITY, "record"),
        (RecordType.PERSON, "person"),
    )
}


def void_flag(connection: sqlite3.Connection, key: Key, version: int) -> bool:
    """An error flag that is owed for another version than this one is void; whether one was.

    Called before the version becomes the newest one known. What was refused has been changed since,
    and is judged anew; written on top of the change, the flag would be about what nobody refused.
    """
    voided = connection.execute(_VOID_FLAG[key.record_type], (*key, version)).rowcount
    if voided:
        _drop_empty(connection, key)
    return bool(voided)


def _drop_empty(connection: sqlite3.Connection, key: Key) -> None:
    connection.execute(
        "DELETE FROM outbox WHERE record_type = ? AND record_id = ? AND target_id IS NULL"
        " AND target_url IS NULL AND error IS NULL AND message IS NULL",
        key,
    )


def _owed(row: sqlite3.Row | None) -> Owed | None:
    if row is None:
        return None
    target_id, target_url, error, message = row
    return Owed(target_id, target_url, None if error is None else bool(error), message)


_CARRIED = {
    record_type: "SELECT version, delivered_id, delivered_version"  # noqa: S608 # names below
    f" FROM {table} WHERE id = ?"
    for record_type, table in (
        (RecordType.OPPORTUNITY, "record"),
        (RecordType.PERSON, "person"),
    )
}
_DELIVERED = {
    record_type: f"UPDATE {table} SET version = ?, delivered_id = ?,"  # noqa: S608 # names below
    " delivered_version = ? WHERE id = ?"
    for record_type, table in (
        (RecordType.OPPORTUNITY, "record"),
        (RecordType.PERSON, "person"),
    )
}


# The time of this version is not told; the next look at the record learns it.
_DELIVERED_NEWER = (
    "UPDATE record SET version = ?, delivered_id = ?, delivered_version = ?, known_at = ?,"
    " timed = 0 WHERE id = ?"
)

# The very entry that was delivered, told by what it says as well.
_SAME = (
    " WHERE record_type = ? AND record_id = ? AND generation = ?"
    " AND target_id IS ? AND target_url IS ? AND error IS ? AND message IS ?"
)


def _close(connection: sqlite3.Connection, entry: Entry) -> None:
    connection.execute(f"DELETE FROM outbox{_SAME}", rows.identity(entry))  # noqa: S608 # a constant


def delivered(
    connection: sqlite3.Connection, confirmed: Sequence[tuple[Entry, int]], now: float
) -> None:
    """See `Outbox.delivered`."""
    for entry, version in confirmed:
        _close(connection, entry)
        _carry(connection, entry, version, now)
        if entry.error is False:
            _forget_flag(connection, entry)
        note = Note("written back", entry.described(), (journal.write_back(entry),))
        remember(connection, entry.record_id, version, note, now, record_type=entry.record_type)


def _carry(connection: sqlite3.Connection, entry: Entry, version: int, now: float) -> None:
    row = connection.execute(_CARRIED[entry.record_type], (entry.record_id,)).fetchone()
    if row is None:
        return
    before = Carried(*row)
    after = write_back.delivered(before, entry.target_id, version)
    values = (after.version, after.delivered_id, after.delivered_version)
    if entry.record_type is RecordType.OPPORTUNITY and after.version > before.version:
        undone.follow_write_back(connection, entry.record_id, before.version, after.version)
        connection.execute(_DELIVERED_NEWER, (*values, now, entry.record_id))
    else:
        connection.execute(_DELIVERED[entry.record_type], (*values, entry.record_id))


_UNFLAGGED = {
    RecordType.OPPORTUNITY: "UPDATE record SET flagged = 0 WHERE id = ?",
    RecordType.PERSON: "UPDATE person SET refused_version = NULL, lifted = 0"
    " WHERE id = ? AND refused_version IS NOT NULL",
}


def _forget_flag(connection: sqlite3.Connection, entry: Entry) -> None:
    """Our flag is reset: one that is shown from now on is somebody's, unless we owe another."""
    connection.execute(
        f"{_UNFLAGGED[entry.record_type]} AND NOT EXISTS"  # noqa: S608 # a constant
        " (SELECT 1 FROM outbox WHERE record_type = ? AND record_id = ? AND error = 1)",
        (entry.record_id, entry.record_type, entry.record_id),
    )


def postpone(
    connection: sqlite3.Connection,
    entry: Entry,
    reason: Reason,
    *,
    due_at: float,
    counts: bool,
    missed: int,
) -> None:
    """See `Outbox.postpone`."""
    connection.execute(
        "UPDATE outbox SET due_at = ?, attempts = attempts + ?, reason = ?,"  # noqa: S608 # a constant
        f" reason_code = ?, missed = ?{_SAME}",
        (due_at, int(counts), reason, code_of(reason), missed, *rows.identity(entry)),
    )


def withdraw(connection: sqlite3.Connection, entry: Entry, note: Note, now: float) -> None:
    """The entry is void: the record now carries something that is not ours to overwrite."""
    _close(connection, entry)
    remember(connection, entry.record_id, entry.version, note, now, record_type=entry.record_type)


def withdraw_link(connection: sqlite3.Connection, entry: Entry, note: Note, now: float) -> None:
    """The id and URL of the entry are void; what else it says is owed as before."""
    connection.execute(
        "UPDATE outbox SET target_id = NULL, target_url = NULL,"  # noqa: S608 # a constant
        f" generation = generation + 1{_SAME}",
        rows.identity(entry),
    )
    _drop_empty(connection, Key(entry.record_type, entry.record_id))
    remember(connection, entry.record_id, entry.version, note, now, record_type=entry.record_type)
