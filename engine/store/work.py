"""One record's work: what a syncer reads before it decides, and how each outcome is kept.

Every outcome names the revision it was computed from. When a newer change was captured in the
meantime, what was learned is kept, and the record stays pending for the newer one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.flow.lane import Lane
from engine.records import Fields

# Lines of history kept for each record.
HISTORY_MAX = 50


@dataclass(frozen=True, slots=True)
class Intent:
    """A create whose result is not known yet; times in unix seconds."""

    correlation: str
    opened_at: float
    doubt_since: float | None
    checks: int


@dataclass(frozen=True, slots=True)
class Work:
    """A pending record, with everything a decision needs."""

    id: int
    ref: str
    version: int
    revision: int
    updated_at: int
    lane: Lane
    payload: str
    attempts: int
    failed_since: float | None
    failed_at: float | None
    target_id: int | None
    gone_id: int | None
    synced: Fields | None
    delivered_id: str | None
    delivered_version: int | None
    owes_id: bool
    intent: Intent | None


@dataclass(frozen=True, slots=True)
class Note:
    """A line of history: the decision in one word, and its reason."""

    decision: str
    detail: str


@dataclass(frozen=True, slots=True)
class Owed:
    """What the source record shall be told; None leaves a column alone."""

    target_id: str | None = None
    target_url: str | None = None
    error: bool | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record is refused or waits: an error class, the field at fault, and the reason."""

    reason_class: str
    field: str | None
    reason: str


def due_keys(connection: sqlite3.Connection, lane: Lane, now: float, limit: int) -> list[int]:
    """Pending records of the lane that may be reconciled now, longest due first."""
    rows = connection.execute(
        "SELECT id FROM record WHERE state = 'pending' AND lane = ? AND due_at <= ?"
        " ORDER BY due_at, id LIMIT ?",
        (lane, now, limit),
    )
    return [row[0] for row in rows]


def next_due(connection: sqlite3.Connection, lane: Lane, now: float) -> float | None:
    """When the next waiting record of the lane becomes due; None when none waits."""
    return connection.execute(
        "SELECT min(due_at) FROM record WHERE state = 'pending' AND lane = ? AND due_at > ?",
        (lane, now),
    ).fetchone()[0]


def load(connection: sqlite3.Connection, record_id: int) -> Work | None:
    """The record, when it is pending; None when there is nothing to do."""
    row = connection.execute(
        "SELECT r.*, i.correlation, i.opened_at, i.doubt_since, i.checks,"
        " o.target_id AS owed_id"
        " FROM record r LEFT JOIN intent i ON i.record_id = r.id"
        " LEFT JOIN outbox o ON o.record_id = r.id"
        " WHERE r.id = ? AND r.state = 'pending'",
        (record_id,),
    ).fetchone()
    if row is None:
        return None
    intent = None
    if row["correlation"] is not None:
        intent = Intent(row["correlation"], row["opened_at"], row["doubt_since"], row["checks"])
    return Work(
        id=row["id"],
        ref=row["ref"],
        version=row["version"],
        revision=row["revision"],
        updated_at=row["updated_at"],
        lane=Lane(row["lane"]),
        payload=row["payload"],
        attempts=row["attempts"],
        failed_since=row["failed_since"],
        failed_at=row["failed_at"],
        target_id=row["target_id"],
        gone_id=row["gone_id"],
        synced=json.loads(row["synced"]) if row["synced"] is not None else None,
        delivered_id=row["delivered_id"],
        delivered_version=row["delivered_version"],
        owes_id=row["owed_id"] is not None,
        intent=intent,
    )


def open_intent(
    connection: sqlite3.Connection, record_id: int, correlation: str, now: float
) -> None:
    """Announce a create before it is sent; keeps the first announcement when it is sent again."""
    connection.execute(
        "INSERT INTO intent (record_id, correlation, opened_at) VALUES (?, ?, ?)"
        " ON CONFLICT (record_id) DO UPDATE SET doubt_since = NULL, checks = 0",
        (record_id, correlation, now),
    )


def close_intent(connection: sqlite3.Connection, record_id: int) -> None:
    """The create is known not to have been executed, or its result is known."""
    connection.execute("DELETE FROM intent WHERE record_id = ?", (record_id,))


def settle_linked(
    connection: sqlite3.Connection,
    work: Work,
    *,
    target_id: int,
    synced: Fields,
    owed: Owed | None,
    awaited: Iterable[tuple[str, str]],
    note: Note,
    now: float,
) -> bool:
    """The target holds `synced` under `target_id`. Returns False when a newer change waits.

    Args:
        owed: what the source shall be told; None when it knows everything.
        awaited: (kind, name) of references the record was synced without.
    """
    close_intent(connection, work.id)
    if _was_refused(connection, work.id):
        owed = replace(owed or Owed(), message="")
    connection.execute(
        "UPDATE record SET target_id = ?, synced = ?, attempts = 0, failed_since = NULL,"
        " failed_at = NULL, reason = NULL, reason_class = NULL, reason_field = NULL,"
        " state = CASE WHEN revision = ? AND state = 'pending' THEN 'settled' ELSE state END"
        " WHERE id = ?",
        (target_id, json.dumps(synced, separators=(",", ":")), work.revision, work.id),
    )
    connection.execute("DELETE FROM awaited WHERE record_id = ?", (work.id,))
    connection.executemany(
        "INSERT OR IGNORE INTO awaited (kind, name, record_id) VALUES (?, ?, ?)",
        [(kind, name, work.id) for kind, name in awaited],
    )
    _owe(connection, work, owed, clears_error=True, now=now)
    remember(connection, work.id, work.version, note, now)
    return _is_settled(connection, work.id)


def adopt(
    connection: sqlite3.Connection, work: Work, target_id: int, note: Note, now: float
) -> None:
    """The target record is ours, but what it holds is not known: reconcile again, reading it."""
    close_intent(connection, work.id)
    connection.execute(
        "UPDATE record SET target_id = ?, synced = NULL, due_at = ? WHERE id = ?",
        (target_id, now, work.id),
    )
    remember(connection, work.id, work.version, note, now)


def forget_target(
    connection: sqlite3.Connection, work: Work, gone_id: int, note: Note, now: float
) -> None:
    """The target record is gone and shall be created anew: reconcile again from nothing.

    The source may go on showing `gone_id` for a while; it counts as blank from now on.
    """
    connection.execute(
        "UPDATE record SET gone_id = ?, target_id = NULL, synced = NULL, delivered_id = NULL,"
        " delivered_version = NULL, due_at = ? WHERE id = ?",
        (gone_id, now, work.id),
    )
    remember(connection, work.id, work.version, note, now)


def settle_refused(
    connection: sqlite3.Connection, work: Work, failure: Failure, now: float
) -> bool:
    """The record is left out until somebody resets its error flag, which is owed to the source.

    Returns False when a newer change waits; then nothing is flagged and that one is tried.
    """
    close_intent(connection, work.id)
    connection.execute(
        "UPDATE record SET reason = ?, reason_class = ?, reason_field = ?,"
        " attempts = 0, failed_since = NULL, failed_at = NULL,"
        " state = CASE WHEN revision = ? AND state = 'pending' THEN 'refused' ELSE state END"
        " WHERE id = ?",
        (failure.reason, failure.reason_class, failure.field, work.revision, work.id),
    )
    settled = _is_settled(connection, work.id)
    if settled:
        owed = Owed(error=True, message=failure.reason)
        _owe(connection, work, owed, clears_error=False, now=now)
    remember(connection, work.id, work.version, Note("refused", failure.reason), now)
    return settled


def settle_ineligible(connection: sqlite3.Connection, work: Work, note: Note, now: float) -> None:
    """The record may not be synced as it stands; a later change of it starts anew."""
    connection.execute(
        "UPDATE record SET state = 'ineligible' WHERE id = ? AND revision = ?",
        (work.id, work.revision),
    )
    remember(connection, work.id, work.version, note, now)


def defer(
    connection: sqlite3.Connection,
    work: Work,
    failure: Failure,
    *,
    due_at: float,
    counts: bool,
    now: float,
) -> None:
    """Try again at `due_at`; `counts` when the attempt counts towards the record's limit."""
    connection.execute(
        "UPDATE record SET due_at = CASE WHEN revision = ? THEN ? ELSE due_at END,"
        " attempts = attempts + ?, failed_since = coalesce(failed_since, ?), failed_at = ?,"
        " reason = ?, reason_class = ?, reason_field = ? WHERE id = ?",
        (
            work.revision,
            due_at,
            int(counts),
            now,
            now,
            failure.reason,
            failure.reason_class,
            failure.field,
            work.id,
        ),
    )


def doubt(
    connection: sqlite3.Connection,
    work: Work,
    failure: Failure,
    *,
    due_at: float,
    counts: bool,
    now: float,
) -> None:
    """A create may have been executed: look for it from `due_at` on before anything is repeated."""
    connection.execute(
        "UPDATE intent SET doubt_since = coalesce(doubt_since, ?), checks = checks + 1"
        " WHERE record_id = ?",
        (now, work.id),
    )
    # An edit captured meanwhile must not start the search early, whatever its due time.
    connection.execute(
        "UPDATE record SET due_at = ?, attempts = attempts + ?,"
        " failed_since = coalesce(failed_since, ?), failed_at = ?,"
        " reason = ?, reason_class = ?, reason_field = NULL WHERE id = ?",
        (due_at, int(counts), now, now, failure.reason, failure.reason_class, work.id),
    )


def doubt_all(connection: sqlite3.Connection, now: float) -> int:
    """At start: whatever a former process announced and did not finish is in doubt. How many."""
    return connection.execute(
        "UPDATE intent SET doubt_since = ? WHERE doubt_since IS NULL", (now,)
    ).rowcount


def wake_awaiting(
    connection: sqlite3.Connection, kind: str, names: Iterable[str], now: float
) -> int:
    """Reconcile again every settled record that was synced without one of these references."""
    woken = 0
    for name in names:
        woken += connection.execute(
            "UPDATE record SET state = 'pending', revision = revision + 1, due_at = ?, lane = ?"
            " WHERE state = 'settled' AND id IN"
            " (SELECT record_id FROM awaited WHERE kind = ? AND name = ?)",
            (now, Lane.BACKLOG, kind, name),
        ).rowcount
    return woken


def awaited_names(connection: sqlite3.Connection, kind: str) -> list[str]:
    """Every reference of the kind that some record was synced without."""
    rows = connection.execute("SELECT DISTINCT name FROM awaited WHERE kind = ?", (kind,))
    return [row[0] for row in rows]


def pending_column(connection: sqlite3.Connection, column: str, limit: int) -> list[int]:
    """Integer values of one source column among the next pending records, for reading ahead."""
    rows = connection.execute(
        "SELECT DISTINCT value FROM (SELECT json_extract(payload, ?) AS value FROM record"
        " WHERE state = 'pending' ORDER BY lane, due_at, id LIMIT ?) WHERE value IS NOT NULL",
        (f'$."{column}"', limit),
    )
    return [int(row[0]) for row in rows if str(row[0]).isdigit()]


def failing_alike(connection: sqlite3.Connection, reason_class: str, except_id: int) -> int:
    """How many other pending records last failed for this class of reason."""
    return connection.execute(
        "SELECT count(*) FROM record WHERE state = 'pending' AND reason_class = ? AND id <> ?",
        (reason_class, except_id),
    ).fetchone()[0]


def remember(
    connection: sqlite3.Connection, record_id: int, version: int, note: Note, now: float
) -> None:
    """Add a line to the record's history and let the oldest beyond HISTORY_MAX go."""
    connection.execute(
        "INSERT INTO history (at, record_id, version, decision, detail) VALUES (?, ?, ?, ?, ?)",
        (now, record_id, version, note.decision, note.detail),
    )
    connection.execute(
        "DELETE FROM history WHERE record_id = ? AND seq <="
        " (SELECT seq FROM history WHERE record_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (record_id, record_id, HISTORY_MAX),
    )


def _was_refused(connection: sqlite3.Connection, record_id: int) -> bool:
    """A reason without a failure under way is that of a refusal, which the source may show."""
    row = connection.execute(
        "SELECT reason IS NOT NULL AND failed_since IS NULL FROM record WHERE id = ?", (record_id,)
    ).fetchone()
    return bool(row[0])


def _is_settled(connection: sqlite3.Connection, record_id: int) -> bool:
    state = connection.execute("SELECT state FROM record WHERE id = ?", (record_id,)).fetchone()
    return state is not None and state[0] != "pending"


def _owe(
    connection: sqlite3.Connection,
    work: Work,
    owed: Owed | None,
    *,
    clears_error: bool,
    now: float,
) -> None:
    """Merge into the outbox; one row per record says what the source shall hold in the end."""
    present = connection.execute(
        "SELECT target_id, target_url, error, message FROM outbox WHERE record_id = ?", (work.id,)
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
        "INSERT INTO outbox (record_id, target_id, target_url, error, message, changed_at, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (record_id) DO UPDATE SET generation = generation + 1,"
        " target_id = excluded.target_id, target_url = excluded.target_url,"
        " error = excluded.error, message = excluded.message, due_at = excluded.due_at",
        (work.id, *merged, work.updated_at, now),
    )
