"""Adopting: a record is linked to a target record that another program has made for it."""

from __future__ import annotations

import sqlite3

from engine.model.dossier import Named
from engine.model.history import Note
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
        f"SELECT version, i.record_id AS announced FROM record r{intents.OF_RECORD} WHERE r.id = ?",  # noqa: S608 # a constant
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
        " pending_since = CASE state WHEN 'pending' THEN pending_since ELSE ? END,"
        " attempts = 0, failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL, state = 'pending', revision = revision + 1,"
        # Whoever has set the flag: it counts as reset, and the source is told.
        " lifted = CASE WHEN ? THEN 1 ELSE lifted END,"
        " flagged = CASE WHEN ? THEN 1 ELSE flagged END WHERE id = ?",
        (target_id, now, now, lift, lift, one.id),
    )
    remember(connection, one.id, row["version"], note, now)
    return True
