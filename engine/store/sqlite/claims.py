"""Claims, as kept: which record each target record belongs to, one at most.

A claim is on disk before anything is sent to the target record, and every transaction that links a
record goes through here; the schema refuses a second owner whichever way it would come about.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from engine.decide import settling
from engine.model.claim import Claim
from engine.model.history import Note
from engine.model.records import Captured
from engine.store.sqlite import capture, intents, present
from engine.store.sqlite.history import remember


def others(connection: sqlite3.Connection, target_id: int, record_id: int) -> list[Claim]:
    """See `Claims.others`."""
    rows = connection.execute(
        "SELECT r.id, r.ref, c.since, o.target_id AS owed FROM record r"
        " LEFT JOIN claim c ON c.target_id = ? AND c.record_id = r.id"
        " LEFT JOIN outbox o ON o.record_type = 'opportunity' AND o.record_id = r.id"
        " WHERE r.id IN (SELECT record_id FROM claim WHERE target_id = ?"
        "  UNION SELECT id FROM record WHERE carried = ?) AND r.id <> ? ORDER BY r.id",
        (target_id, target_id, target_id, record_id),
    )
    return [
        Claim(row["id"], row["ref"], row["since"], row["owed"] == str(target_id)) for row in rows
    ]


def owner_of(connection: sqlite3.Connection, target_id: int) -> int | None:
    """The record that the target record belongs to."""
    row = connection.execute(
        "SELECT record_id FROM claim WHERE target_id = ?", (target_id,)
    ).fetchone()
    return None if row is None else row[0]


def since(connection: sqlite3.Connection, target_id: int, record_id: int) -> float | None:
    """See `Claims.since`."""
    row = connection.execute(
        "SELECT since FROM claim WHERE target_id = ? AND record_id = ?", (target_id, record_id)
    ).fetchone()
    return None if row is None else row[0]


def owned_by_others(
    connection: sqlite3.Connection, target_ids: Sequence[int], record_id: int
) -> set[int]:
    """See `Claims.owned_by_others`."""
    rows = connection.execute(
        "SELECT target_id FROM claim WHERE record_id <> ?"
        " AND target_id IN (SELECT value FROM json_each(?))",
        (record_id, json.dumps(target_ids)),
    )
    return {row[0] for row in rows}


def take(
    connection: sqlite3.Connection,
    record_id: int,
    target_id: int,
    *,
    expected: int | None,
    now: float,
    shown: Sequence[Captured] | None = None,
) -> bool:
    """See `Claims.take`."""
    if shown:
        capture.capture_page(connection, shown, now=now, fresh_max=len(shown))
    owner = owner_of(connection, target_id)
    if owner == record_id:
        return True
    if owner != expected:
        return False
    if owner is not None and shown is not None and owner not in {row.id for row in shown}:
        # Deleted, or hidden from us, and to be synced no more.
        connection.execute(
            "UPDATE record SET state = 'ineligible', revision = revision + 1 WHERE id = ?"  # noqa: S608 # a constant
            f" AND NOT {intents.RECORD_OPEN}",
            (owner,),
        )
    pass_on(connection, owner, record_id, target_id, now)
    return True


def pass_on(
    connection: sqlite3.Connection, owner: int | None, record_id: int, target_id: int, now: float
) -> None:
    """What belongs to this owner, or to nobody, belongs to the record from now on."""
    if owner == record_id:
        return
    if owner is not None:
        _hand_over(connection, owner, record_id, target_id, now)
    connection.execute(
        "INSERT INTO claim (target_id, record_id, since) VALUES (?, ?, ?)"
        " ON CONFLICT (target_id) DO UPDATE SET record_id = excluded.record_id,"
        " since = excluded.since",
        (target_id, record_id, now),
    )


def give_up(connection: sqlite3.Connection, record_id: int, target_id: int, now: float) -> None:
    """The record is not linked to this target record any more, and is looked at again."""
    connection.execute(
        "DELETE FROM claim WHERE target_id = ? AND record_id = ?", (target_id, record_id)
    )
    _unlink(connection, record_id, target_id, now)


def keep_only(connection: sqlite3.Connection, record_id: int, target_id: int) -> None:
    """The record is linked to this one: what it was linked to before is free."""
    connection.execute(
        "DELETE FROM claim WHERE record_id = ? AND target_id <> ?", (record_id, target_id)
    )


def tell(connection: sqlite3.Connection, record_id: int, note: Note, now: float) -> None:
    """See `Claims.tell`."""
    row = connection.execute("SELECT version FROM record WHERE id = ?", (record_id,)).fetchone()
    if row is not None:
        remember(connection, record_id, row[0], note, now)


def look_at_carriers(
    connection: sqlite3.Connection, after: int, upto: int, now: float
) -> list[int]:
    """Settled records of a slice that carry the id of a target record that is another's."""
    rows = connection.execute(
        "UPDATE record SET state = 'pending', revision = revision + 1, due_at = ?,"
        " pending_since = ? WHERE id > ? AND id <= ? AND state = 'settled'"
        " AND carried IS NOT NULL AND carried IS NOT target_id AND carried IS NOT gone_id"
        " AND version IS NOT delivered_version AND EXISTS"
        " (SELECT 1 FROM claim c WHERE c.target_id = record.carried AND c.record_id <> record.id)"
        " RETURNING id",
        (now, now, after, upto),
    )
    return [row[0] for row in rows]


def _hand_over(
    connection: sqlite3.Connection, loser: int, winner: int, target_id: int, now: float
) -> None:
    refs = _refs(connection, (loser, winner))
    _unlink(connection, loser, target_id, now)
    note = Note("id handed over", f"id {target_id} is that of {refs[winner]} from now on")
    tell(connection, loser, note, now)
    note = Note("id taken over", f"id {target_id} was that of {refs[loser]} before")
    tell(connection, winner, note, now)


def _unlink(connection: sqlite3.Connection, record_id: int, target_id: int, now: float) -> None:
    found = present.record(connection, record_id)
    if found is None:
        return
    again = settling.handed_over(found, now)
    # Neither is it owed that id any more, nor are its people related to it, as the schema says.
    connection.execute(
        "UPDATE record SET synced = NULL, target_id = NULL WHERE id = ? AND target_id = ?",
        (record_id, target_id),
    )
    connection.execute(
        "UPDATE record SET revision = revision + 1, mass = 0, due_at = ?, pending_since = ?,"
        " state = ? WHERE id = ?",
        (again.due_at, again.pending_since, again.state, record_id),
    )


def _refs(connection: sqlite3.Connection, record_ids: Iterable[int]) -> dict[int, str]:
    rows = connection.execute(
        "SELECT id, ref FROM record WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(record_ids)),),
    )
    return {row[0]: row[1] for row in rows}
