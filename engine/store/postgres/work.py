"""One record's work: what a syncer reads before it decides, and the intents it announces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from engine.decide import settling
from engine.decide.journal import FOUND, carried_out
from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.work import Work
from engine.store.grouping import Call
from engine.store.postgres import intents, present
from engine.store.postgres.history import remember
from engine.store.postgres.session import Session
from engine.store.rows.work import AHEAD, of_row
from engine.store.writes import announced, encoded_edits

_COLUMNS = (
    "r.id, r.ref, r.version, r.revision, r.pending_since, r.proved_at, r.lane, r.mass, r.payload,"
    " r.attempts, r.failed_since, r.failed_at, r.target_id, r.gone_id, r.synced, r.delivered_id,"
    " r.delivered_version, r.failures, r.reason, r.reason_code, r.seen_unlinked, r.lifted,"
    " r.reread, r.let_go"
)

# Of a statement that calls the record r.
_TO_DO = " AND r.state = 'pending' AND r.mass <> 2"


def due_keys(connection: Session, lane: Lane, now: float, limit: int) -> list[int]:
    """See `Records.due_keys`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE state = 'pending' AND lane = %s AND due_at <= %s"
        " ORDER BY due_at, id LIMIT %s",
        (lane, now, limit),
    )
    return [row[0] for row in rows]


def next_due(connection: Session, lane: Lane, now: float) -> float | None:
    """See `Records.next_due`."""
    return connection.execute(
        "SELECT min(due_at) FROM record WHERE state = 'pending' AND lane = %s AND due_at > %s",
        (lane, now),
    ).fetchone()[0]


def read_again(connection: Session, record_id: int, now: float, *, in_s: float = 0.0) -> None:
    """What the target holds is in question: reconcile the record, and read that first."""
    found = present.record(connection, record_id)
    if found is None:
        return
    again = settling.read_again(found, now, in_s=in_s)
    connection.execute(
        "UPDATE record SET synced = NULL, due_at = %s, pending_since = %s, revision = revision + 1,"
        " state = %s WHERE id = %s",
        (again.due_at, again.pending_since, again.state, record_id),
    )


def is_settled(connection: Session, record_id: int) -> bool:
    """Whether nothing waits to be done for the record."""
    row = connection.execute("SELECT state FROM record WHERE id = %s", (record_id,)).fetchone()
    return row is not None and row[0] == "settled"


def load(connection: Session, record_id: int) -> Work | None:
    """See `Records.load`."""
    return _known(connection, [record_id], _TO_DO).get(record_id)


def load_each(connection: Session, calls: Sequence[Call]) -> list[Work | None]:
    """The same for each of these calls."""
    ids = [call.args[0] for call in calls]
    found = _known(connection, ids, _TO_DO)
    return [found.get(record_id) for record_id in ids]


def known(connection: Session, record_id: int) -> Work | None:
    """The record as work, whatever its state."""
    return _known(connection, [record_id]).get(record_id)


def _known(connection: Session, record_ids: Sequence[int], further: str = "") -> dict[int, Work]:
    """These records as work, by id.

    Args:
        further: what else each must meet, in SQL.
    """
    rows = connection.named(
        f"SELECT {_COLUMNS}, {intents.COLUMNS},"  # noqa: S608 # words of ours
        " o.target_id AS owed_id, s.reason AS skip_reason, s.since AS skip_since,"
        " u.target_id AS undone_id, u.version AS undone_version,"
        " u.mapping AS undone_mapping, u.fields AS undone_fields, u.tab AS undone_tab,"
        f" u.run AS undone_run FROM record r{intents.OF_RECORD}"
        " LEFT JOIN skip s ON s.record_type = 'opportunity' AND s.record_id = r.id"
        " LEFT JOIN undone u ON u.record_id = r.id"
        " LEFT JOIN outbox o ON o.record_type = 'opportunity' AND o.record_id = r.id"
        f" WHERE r.id = ANY(%s::bigint[]){further}",
        (list(record_ids),),
    )
    return {row["id"]: of_row(row) for row in rows}


def shown_at(connection: Session, record_id: int) -> float | None:
    """See `Records.shown_at`."""
    row = connection.execute(
        "SELECT reread, proved_at FROM record WHERE id = %s AND state = 'pending'", (record_id,)
    ).fetchone()
    # What is to be read anew counts as never shown.
    return None if row is None else 0.0 if row[0] else row[1]


def shown_before(
    connection: Session, lane: Lane, now: float, before: float, limit: int
) -> list[int]:
    """See `Records.shown_before`."""
    rows = connection.execute(
        "SELECT id FROM (SELECT id, target_id, mass, reread, proved_at, due_at FROM record"
        " WHERE state = 'pending' AND lane = %s AND due_at <= %s ORDER BY due_at, id LIMIT %s)"
        " AS next WHERE reread = 1 OR (proved_at < %s AND (target_id IS NULL OR mass = %s))"
        " ORDER BY due_at, id LIMIT %s",
        (lane, now, limit * AHEAD, before, Mass.APPROVED, limit),
    )
    return [row[0] for row in rows]


def carried_next(connection: Session, lane: Lane, now: float, limit: int) -> list[int]:
    """See `Records.carried_next`."""
    rows = connection.execute(
        "SELECT carried FROM (SELECT id, target_id, carried, due_at FROM record"
        " WHERE state = 'pending' AND lane = %s AND due_at <= %s ORDER BY due_at, id LIMIT %s)"
        " AS next WHERE target_id IS NULL AND carried IS NOT NULL ORDER BY due_at, id LIMIT %s",
        (lane, now, limit * AHEAD, limit),
    )
    return [row[0] for row in rows]


def open_intent(
    connection: Session, work: Work, correlation: str, now: float, *, shown_since: float
) -> bool:
    """See `Records.open_intent`."""
    asked = _Announced(work, correlation, now, shown_since=shown_since)
    return work.id in _announce(connection, [asked])


def open_each(connection: Session, calls: Sequence[Call]) -> list[bool]:
    """The same for each of these calls."""
    asked = [_Announced(*call.args, **call.kwargs) for call in calls]
    opened = _announce(connection, asked)
    return [one.work.id in opened for one in asked]


class _Announced(NamedTuple):
    """A create that is about to be sent, as `Records.open_intent` is told of it."""

    work: Work
    correlation: str
    now: float
    shown_since: float


def _announce(connection: Session, asked: Sequence[_Announced]) -> set[int]:
    """Those of the records whose create may be sent."""
    # One that was sent before may show late: what we made is as old as the first of them, which is
    # why `opened_at` stays as it was.
    opened = connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at)"  # noqa: S608 # a constant
        " SELECT 'opportunity', r.id, asked.correlation, asked.opened_at FROM"
        " unnest(%s::bigint[], %s::text[], %s::double precision[], %s::bigint[],"
        " %s::double precision[]) AS asked (id, correlation, opened_at, revision, shown_since)"
        " JOIN record r ON r.id = asked.id WHERE r.state = 'pending'"
        " AND r.revision = asked.revision AND r.proved_at >= asked.shown_since"
        f"{intents.SENT_AGAIN} RETURNING record_id",
        (
            [one.work.id for one in asked],
            [one.correlation for one in asked],
            [one.now for one in asked],
            [one.work.revision for one in asked],
            [one.shown_since for one in asked],
        ),
    )
    return {row[0] for row in opened}


def begin_update(
    connection: Session,
    record_id: int,
    target_id: int,
    edits: Sequence[Edit],
    *,
    known: Fields,
    now: float,
) -> bool:
    """See `Records.begin_update`."""
    # What was announced before is told by the statement that takes its place.
    row = connection.execute(
        "UPDATE record SET synced = NULL, sending = %s"
        " FROM (SELECT id, version, sending FROM record WHERE id = %s) AS former"
        " WHERE record.id = former.id AND EXISTS"
        " (SELECT 1 FROM claim WHERE target_id = %s AND record_id = record.id)"
        " RETURNING former.version, former.sending",
        (encoded_edits(target_id, edits), record_id, target_id),
    ).fetchone()
    if row is None:
        return False
    before = carried_out(target_id, announced(row[1], target_id), known)
    if before:
        note = Note("updated", f"id {target_id}, {FOUND}", before)
        remember(connection, record_id, row[0], note, now)
    return True


def open_doubt(
    connection: Session, record_id: int, correlation: str, since: float, now: float
) -> bool:
    """See `Records.open_doubt`."""
    row = connection.execute("SELECT state FROM record WHERE id = %s", (record_id,)).fetchone()
    return (
        row is not None
        and row[0] == "pending"
        and intents.open_doubt(
            connection, IntentKind.OPPORTUNITY, record_id, correlation, since=since, look_at=now
        )
    )


def note_synced(
    connection: Session,
    record_id: int,
    synced: Fields | None,
    *,
    withdrawn: bool = False,
) -> None:
    """See `Records.note_synced`."""
    text = None if synced is None else json.dumps(synced, separators=(",", ":"))
    connection.execute(
        "UPDATE record SET synced = %s, sending = CASE WHEN %s = 0 THEN sending END WHERE id = %s",
        (text, withdrawn, record_id),
    )


def close_intent(connection: Session, record_id: int) -> None:
    """See `Records.close_intent`."""
    intents.end(connection, IntentKind.OPPORTUNITY, record_id)


def failing_alike(connection: Session, reason_class: str, except_id: int) -> int:
    """See `Records.failing_alike`."""
    return connection.execute(
        "SELECT count(*) FROM record WHERE state = 'pending' AND reason_class = %s AND id <> %s",
        (reason_class, except_id),
    ).fetchone()[0]
