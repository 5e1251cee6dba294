"""Taking back, as kept: what is meant, what is announced before it is sent, and what came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.intent import IntentKind
from engine.model.named import Named
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.model.tab import KnownRole
from engine.model.undo import Scope, Standing
from engine.model.undone import Undone
from engine.model.work import Work
from engine.model.write import WriteKind
from engine.store.rows import undo as told
from engine.store.sqlite import claims, intents, journal, work
from engine.store.sqlite.history import remember
from engine.store.writes import encoded_edits

_SCOPE = (
    " FROM history h WHERE h.writes IS NOT NULL AND (:run IS NULL OR h.run = :run)"
    " AND (:since IS NULL OR h.at >= :since)"
    " AND (:type IS NULL OR (h.record_type = :type AND h.record_id = :id))"
    " AND (:upto IS NULL OR h.seq <= :upto)"
)
_ON_TAB = " WHERE record_id = ? AND target_id = ?"


def newest(connection: sqlite3.Connection) -> int:
    """See `Undos.newest`."""
    return connection.execute("SELECT coalesce(max(seq), 0) FROM history").fetchone()[0]


def meant(connection: sqlite3.Connection, scope: Scope, after: int, limit: int) -> list[Named]:
    """See `Undos.meant`."""
    rows = connection.execute(
        "SELECT h.record_type, h.record_id, coalesce(r.ref, p.ref, '') FROM"  # noqa: S608 # a constant
        f" (SELECT record_type, record_id, max(h.seq) AS latest {_SCOPE}"
        " GROUP BY record_type, record_id ORDER BY latest DESC LIMIT :limit OFFSET :after) AS h"
        " LEFT JOIN record r ON h.record_type = 'opportunity' AND r.id = h.record_id"
        " LEFT JOIN person p ON h.record_type = 'person' AND p.id = h.record_id"
        " ORDER BY h.latest DESC",
        {**_values(scope), "limit": limit, "after": after},
    )
    return [Named(RecordType(row[0]), row[1], row[2]) for row in rows]


def _values(scope: Scope) -> dict[str, object]:
    one = scope.record
    return {
        "run": scope.run,
        "since": scope.since,
        "type": None if one is None else one.record_type.value,
        "id": None if one is None else one.id,
        "upto": scope.upto,
    }


def written(
    connection: sqlite3.Connection, scope: Scope, named: Named
) -> tuple[list[HistoryLine], list[HistoryLine]]:
    """See `Undos.written`."""
    return told.written(journal.lines(connection, records=[named]), scope)


def standing(connection: sqlite3.Connection, record_id: int, target_id: int) -> Standing | None:
    """See `Undos.standing`."""
    known = work.known(connection, record_id)
    if known is None:
        return None
    state, tab = connection.execute(
        "SELECT state, tab FROM record WHERE id = ?", (record_id,)
    ).fetchone()
    owner = connection.execute(
        "SELECT r.ref FROM claim c JOIN record r ON r.id = c.record_id WHERE c.target_id = ?",
        (target_id,),
    ).fetchone()
    related = connection.execute(
        "SELECT 1 FROM people_tab WHERE record_id = ? AND target_id = ?", (record_id, target_id)
    ).fetchone()
    intent = intents.of(connection, IntentKind.ROLE, record_id)
    return Standing(
        known,
        pending=state == "pending",
        owner=None if owner is None else owner[0],
        related=related is not None,
        in_doubt=related is not None and intent is not None and intent.open,
        tab=tab,
    )


def announce_fields(
    connection: sqlite3.Connection,
    known: Work,
    target_id: int,
    edits: Sequence[Edit],
    mark: Undone | None,
) -> bool:
    """See `Undos.announce_fields`."""
    if not _stands(connection, known, target_id):
        return False
    connection.execute(
        "UPDATE record SET synced = NULL, sending = ? WHERE id = ?",
        (encoded_edits(target_id, edits), known.id),
    )
    _mark(connection, known.id, mark)
    return True


def _stands(connection: sqlite3.Connection, known: Work, target_id: int) -> bool:
    """Whether it is as it was when it was decided on."""
    row = connection.execute(
        "SELECT 1 FROM record WHERE id = ? AND revision = ? AND state <> 'pending'",
        (known.id, known.revision),
    ).fetchone()
    return row is not None and claims.owner_of(connection, target_id) == known.id


def _mark(connection: sqlite3.Connection, record_id: int, mark: Undone | None) -> None:
    if mark is None:
        connection.execute("DELETE FROM undone WHERE record_id = ?", (record_id,))
        return
    connection.execute(
        "INSERT OR REPLACE INTO undone (record_id, target_id, version, mapping, fields, tab, run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        told.of_mark(record_id, mark),
    )


def settle_fields(
    connection: sqlite3.Connection,
    known: Work,
    target_id: int,
    holds: Fields,
    *,
    answered: bool,
    mapped: Collection[str],
    now: float,
) -> None:
    """See `Undos.settle_fields`."""
    (sending,) = connection.execute(
        "SELECT sending FROM record WHERE id = ?", (known.id,)
    ).fetchone()
    connection.execute(
        "UPDATE record SET synced = ?, sending = NULL WHERE id = ?",
        (told.synced(holds, mapped), known.id),
    )
    note = told.of_fields(sending, target_id, holds, answered=answered)
    if note is not None:
        remember(connection, known.id, known.version, note, now)


def withdraw_fields(
    connection: sqlite3.Connection, known: Work, mark: Undone | None, synced: Fields | None
) -> None:
    """See `Undos.withdraw_fields`."""
    work.note_synced(connection, known.id, synced, withdrawn=True)
    _mark(connection, known.id, mark)


def announce_role(
    connection: sqlite3.Connection,
    known: Work,
    target_id: int,
    role: KnownRole,
    mark: Undone | None,
    *,
    kind: WriteKind,
    now: float,
) -> bool:
    """See `Undos.announce_role`."""
    if not _stands(connection, known, target_id):
        return False
    _mark(connection, known.id, mark)
    if kind is WriteKind.ROLE_ADDED:
        listed = connection.execute(
            "UPDATE people_tab SET listed = 0 WHERE record_id = ? AND target_id = ?",
            (known.id, target_id),
        )
        if listed.rowcount:
            intents.announce(connection, IntentKind.ROLE, known.id, told.edge(role), now)
        return True
    removes = kind is WriteKind.ROLE_REMOVED
    connection.execute(
        "INSERT OR REPLACE INTO role_edit (role_id, target_id, sent_at, became, removes)"
        " VALUES (?, ?, ?, ?, ?)",
        (role.id, target_id, now, None if removes else role.role, int(removes)),
    )
    connection.execute("UPDATE people_tab SET listed = 0 WHERE record_id = ?", (known.id,))
    return True


def settle_role(
    connection: sqlite3.Connection,
    known: Work,
    target_id: int,
    role: KnownRole,
    *,
    kind: WriteKind,
    before: str | None,
    now: float,
) -> None:
    """See `Undos.settle_role`."""
    connection.execute("DELETE FROM role WHERE id = ?", (role.id,))
    if kind is not WriteKind.ROLE_REMOVED:
        connection.execute(
            "INSERT INTO role (id, record_id, target_id, prospect_id, role, made, seen_at)"
            " VALUES (?, ?, ?, ?, ?, 1, ?)",
            (role.id, known.id, target_id, role.prospect_id, role.role, now),
        )
    connection.execute(
        "UPDATE people_tab SET settled_tab = NULL, listed = 0"
        " WHERE record_id = ? AND target_id = ?",
        (known.id, target_id),
    )
    intents.end(connection, IntentKind.ROLE, known.id)
    note = told.of_role(kind, target_id, role, before)
    remember(connection, known.id, known.version, note, now)


def doubt_role(
    connection: sqlite3.Connection, known: Work, target_id: int, now: float, *, lost: bool
) -> None:
    """See `Undos.doubt_role`."""
    due = connection.execute(
        f"UPDATE people_tab SET due_at = ?{_ON_TAB}",  # noqa: S608 # a constant
        (now, known.id, target_id),
    )
    if not due.rowcount:
        return
    if not lost:
        intents.end(connection, IntentKind.ROLE, known.id)
        return
    intents.doubt(connection, IntentKind.ROLE, known.id, now, look_at=now)
    connection.execute(
        f"UPDATE people_tab SET state = 'pending', pending_since = ?{_ON_TAB}"  # noqa: S608 # a constant
        " AND state = 'settled'",
        (now, known.id, target_id),
    )
