"""Adopting: a record is linked to a target record that another program has made for it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from engine.model.adoption import IN_DOUBT, OURS
from engine.model.history import Note
from engine.model.named import Named
from engine.model.states import State
from engine.store.sqlite import claims, intents
from engine.store.sqlite.history import remember


def adopt(
    connection: sqlite3.Connection,
    one: Named,
    target_id: int,
    note: Note,
    now: float,
    *,
    lift: bool,
) -> bool:
    """See `Acting.adopt`."""
    row = connection.execute(
        "SELECT r.version, r.state, r.pending_since, r.lifted, r.flagged,"  # noqa: S608 # a constant
        f" i.record_id AS announced FROM record r{intents.OF_RECORD} WHERE r.id = ?",
        (one.id,),
    ).fetchone()
    if row is None or row["announced"] is not None:
        return False
    if claims.owner_of(connection, target_id) not in (None, one.id):
        return False
    claims.take(connection, one.id, target_id, expected=None, now=now)
    claims.keep_only(connection, one.id, target_id)
    connection.execute(
        "UPDATE record SET target_id = ?, synced = NULL, sending = NULL, mass = 0, due_at = ?,"
        " pending_since = ?,"
        " attempts = 0, failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL, state = 'pending', revision = revision + 1,"
        # Whoever has set the flag: it counts as reset, and the source is told.
        " lifted = ?, flagged = ? WHERE id = ?",
        (
            target_id,
            now,
            row["pending_since"] if row["state"] == State.PENDING else now,
            int(lift or row["lifted"]),
            int(lift or row["flagged"]),
            one.id,
        ),
    )
    remember(connection, one.id, row["version"], note, now)
    return True


def standings(connection: sqlite3.Connection, ids: Sequence[int]) -> Mapping[int, str]:
    """What settles it of these records that the state knows already, where anything does."""
    rows = connection.execute(
        "SELECT r.id, i.record_id IS NOT NULL AS doubted, s.record_id IS NOT NULL"  # noqa: S608 # words of ours
        # What the fuse holds is not ours yet, though it is known which target record it is about.
        " OR (r.target_id IS NOT NULL AND r.mass = 0 AND r.state <> 'ineligible') AS ours"
        f" FROM record r{intents.OF_RECORD}"
        " LEFT JOIN skip s ON s.record_type = 'opportunity' AND s.record_id = r.id"
        " WHERE r.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {
        row["id"]: IN_DOUBT if row["doubted"] else OURS
        for row in rows
        if row["doubted"] or row["ours"]
    }


def claimed(connection: sqlite3.Connection) -> Iterator[tuple[int, int, float]]:
    """Target id, record id, since: whose the target records are that the state knows."""
    rows = connection.execute("SELECT target_id, record_id, since FROM claim")
    return ((row[0], row[1], row[2]) for row in rows)
