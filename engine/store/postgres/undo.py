"""Taking back, as kept: what is meant, what is announced before it is sent, and what came of it."""

from __future__ import annotations

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
from engine.store.postgres import intents, journal, work
from engine.store.postgres.history import remember
from engine.store.postgres.session import Session
from engine.store.rows import undo as told
from engine.store.writes import encoded_edits

_ON_TAB = " WHERE record_id = %s AND target_id = %s"


def newest(connection: Session) -> int:
    """See `Undos.newest`."""
    return connection.execute("SELECT coalesce(max(seq), 0) FROM history").fetchone()[0]


def meant(connection: Session, scope: Scope, after: int, limit: int) -> list[Named]:
    """See `Undos.meant`."""
    named = () if scope.record is None else (scope.record,)
    where, values = journal.meant(scope.run, scope.since, named, scope.upto)
    rows = connection.execute(
        "SELECT h.record_type, h.record_id, coalesce(r.ref, p.ref, '') FROM"  # noqa: S608 # words of ours
        " (SELECT record_type, record_id, max(h.seq) AS latest FROM history h"
        f" WHERE h.writes IS NOT NULL AND {where}"
        " GROUP BY record_type, record_id ORDER BY latest DESC LIMIT %s OFFSET %s) AS h"
        " LEFT JOIN record r ON h.record_type = 'opportunity' AND r.id = h.record_id"
        " LEFT JOIN person p ON h.record_type = 'person' AND p.id = h.record_id"
        " ORDER BY h.latest DESC",
        (*values, limit, after),
    )
    return [Named(RecordType(row[0]), row[1], row[2]) for row in rows]


def written(
    connection: Session, scope: Scope, named: Named
) -> tuple[list[HistoryLine], list[HistoryLine]]:
    """See `Undos.written`."""
    return told.written(journal.lines(connection, records=[named]), scope)


def standing(connection: Session, record_id: int, target_id: int) -> Standing | None:
    """See `Undos.standing`."""
    looked = connection.execute(
        "SELECT r.state, r.tab, (SELECT o.ref FROM claim c JOIN record o ON o.id = c.record_id"
        "  WHERE c.target_id = %(target)s),"
        " EXISTS (SELECT 1 FROM people_tab WHERE record_id = r.id AND target_id = %(target)s),"
        " EXISTS (SELECT 1 FROM intent i WHERE i.kind = 'role' AND i.record_id = r.id"
        "  AND i.open = 1)"
        " FROM record r WHERE r.id = %(record)s",
        {"record": record_id, "target": target_id},
    )
    known = work.known(connection, record_id)
    if known is None:
        return None
    state, tab, owner, related, in_doubt = looked.fetchone()
    return Standing(
        known,
        pending=state == "pending",
        owner=owner,
        related=related,
        in_doubt=related and in_doubt,
        tab=tab,
    )


def announce_fields(
    connection: Session,
    known: Work,
    target_id: int,
    edits: Sequence[Edit],
    mark: Undone | None,
) -> bool:
    """See `Undos.announce_fields`."""
    if not _stands(connection, known, target_id):
        return False
    connection.execute(
        "UPDATE record SET synced = NULL, sending = %s WHERE id = %s",
        (encoded_edits(target_id, edits), known.id),
    )
    _mark(connection, known.id, mark)
    return True


def _stands(connection: Session, known: Work, target_id: int) -> bool:
    """Whether it is as it was when it was decided on."""
    return connection.execute(
        "SELECT EXISTS (SELECT 1 FROM record r JOIN claim c ON c.record_id = r.id"
        " WHERE r.id = %s AND r.revision = %s AND r.state <> 'pending' AND c.target_id = %s)",
        (known.id, known.revision, target_id),
    ).fetchone()[0]


def _mark(connection: Session, record_id: int, mark: Undone | None) -> None:
    if mark is None:
        connection.execute("DELETE FROM undone WHERE record_id = %s", (record_id,))
        return
    connection.execute(
        "INSERT INTO undone (record_id, target_id, version, mapping, fields, tab, run)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (record_id) DO UPDATE SET"
        " target_id = excluded.target_id, version = excluded.version, mapping = excluded.mapping,"
        " fields = excluded.fields, tab = excluded.tab, run = excluded.run",
        told.of_mark(record_id, mark),
    )


def settle_fields(
    connection: Session,
    known: Work,
    target_id: int,
    holds: Fields,
    *,
    answered: bool,
    mapped: Collection[str],
    now: float,
) -> None:
    """See `Undos.settle_fields`."""
    looked = connection.execute("SELECT sending FROM record WHERE id = %s", (known.id,))
    connection.execute(
        "UPDATE record SET synced = %s, sending = NULL WHERE id = %s",
        (told.synced(holds, mapped), known.id),
    )
    (sending,) = looked.fetchone()
    note = told.of_fields(sending, target_id, holds, answered=answered)
    if note is not None:
        remember(connection, known.id, known.version, note, now)


def withdraw_fields(
    connection: Session, known: Work, mark: Undone | None, synced: Fields | None
) -> None:
    """See `Undos.withdraw_fields`."""
    work.note_synced(connection, known.id, synced, withdrawn=True)
    _mark(connection, known.id, mark)


def announce_role(
    connection: Session,
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
            f"UPDATE people_tab SET listed = 0{_ON_TAB} RETURNING record_id",  # noqa: S608 # a constant
            (known.id, target_id),
        ).fetchone()
        if listed is not None:
            intents.announce(connection, IntentKind.ROLE, known.id, told.edge(role), now)
        return True
    removes = kind is WriteKind.ROLE_REMOVED
    connection.execute(
        "INSERT INTO role_edit (role_id, target_id, sent_at, became, removes)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (role_id) DO UPDATE SET"
        " target_id = excluded.target_id, sent_at = excluded.sent_at, became = excluded.became,"
        " removes = excluded.removes",
        (role.id, target_id, now, None if removes else role.role, removes),
    )
    connection.execute("UPDATE people_tab SET listed = 0 WHERE record_id = %s", (known.id,))
    return True


def settle_role(
    connection: Session,
    known: Work,
    target_id: int,
    role: KnownRole,
    *,
    kind: WriteKind,
    before: str | None,
    now: float,
) -> None:
    """See `Undos.settle_role`."""
    connection.execute("DELETE FROM role WHERE id = %s", (role.id,))
    if kind is not WriteKind.ROLE_REMOVED:
        connection.execute(
            "INSERT INTO role (id, record_id, target_id, prospect_id, role, made, seen_at)"
            " VALUES (%s, %s, %s, %s, %s, 1, %s)",
            (role.id, known.id, target_id, role.prospect_id, role.role, now),
        )
    connection.execute(
        f"UPDATE people_tab SET settled_tab = NULL, listed = 0{_ON_TAB}",  # noqa: S608 # a constant
        (known.id, target_id),
    )
    intents.end(connection, IntentKind.ROLE, known.id)
    note = told.of_role(kind, target_id, role, before)
    remember(connection, known.id, known.version, note, now)


def doubt_role(connection: Session, known: Work, target_id: int, now: float, *, lost: bool) -> None:
    """See `Undos.doubt_role`."""
    due = connection.execute(
        f"UPDATE people_tab SET due_at = %s{_ON_TAB} RETURNING record_id",  # noqa: S608 # a constant
        (now, known.id, target_id),
    ).fetchone()
    if due is None:
        return
    if not lost:
        intents.end(connection, IntentKind.ROLE, known.id)
        return
    intents.begin_doubt(connection, IntentKind.ROLE, known.id, now, look_at=now)
    connection.execute(
        f"UPDATE people_tab SET state = 'pending', pending_since = %s{_ON_TAB}"  # noqa: S608 # a constant
        " AND state = 'settled'",
        (now, known.id, target_id),
    )
