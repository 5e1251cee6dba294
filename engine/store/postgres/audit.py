"""The audit, as kept: what the source shows of a slice of records, against what is known of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.decide.capture import why_vanished
from engine.decide.reasons import because
from engine.model.capture import Capture
from engine.model.reason import Code
from engine.model.records import Captured
from engine.store.postgres import capture, claims, intents
from engine.store.postgres.session import Session
from engine.store.rows.audit import end


def population(connection: Session) -> int:
    """See `Audit.population`."""
    return connection.execute(
        "SELECT count(*) FROM record WHERE state IN ('pending', 'settled')"
    ).fetchone()[0]


def compare(
    connection: Session,
    rows: Sequence[Captured],
    *,
    after: int,
    upto: int | None,
    started_at: float,
    now: float,
    whole: bool = True,
) -> tuple[Capture, list[int], int]:
    """See `Audit.compare`."""
    outcome = capture.capture_page(
        connection,
        rows,
        now=now,
        fresh_max=0,
        mass=True,
        asked_at=started_at,
        may_lag=False,
        completing=True,
    )
    if not whole:
        return outcome, [], 0
    gone = connection.execute(
        "SELECT id FROM record"  # noqa: S608 # a constant
        " WHERE id > %s AND id <= %s AND state IN ('pending', 'settled') AND captured_at < %s"
        " AND NOT EXISTS (SELECT 1 FROM unnest(%s::bigint[]) AS shown WHERE shown = record.id)"
        f"{capture.LISTED} ORDER BY id",
        (after, end(upto), started_at, [row.id for row in rows]),
    )
    # Two records that carry one id: whose it is is decided when they are looked at.
    looked_at = claims.look_at_carriers(connection, after, end(upto), now)
    return outcome, [row[0] for row in gone], len(looked_at)


def leave_out_vanished(
    connection: Session,
    ids: Sequence[int],
    rows: Sequence[Captured],
    deleted: Collection[int],
    *,
    asked_at: float,
    now: float,
) -> int:
    """See `Audit.leave_out_vanished`."""
    capture.capture_page(
        connection, rows, now=now, fresh_max=0, mass=True, asked_at=asked_at, may_lag=False
    )
    shown = {row.id: row for row in rows}
    still = connection.execute(
        "SELECT id, version FROM record WHERE id = ANY(%s::bigint[])"  # noqa: S608 # a constant
        " AND state IN ('pending', 'settled') AND captured_at <= %s"
        f" AND NOT {intents.RECORD_OPEN}{capture.LISTED} ORDER BY id",
        (list(ids), asked_at),
    )
    for record_id, version in still:
        row = shown.get(record_id)
        if row is None or not row.eligible:
            reason = why_vanished(row, deleted=record_id in deleted)
            capture.leave_out(connection, [(record_id, version)], reason, now)
    return connection.execute(
        "SELECT count(*) FROM record WHERE id = ANY(%s::bigint[])"
        " AND state NOT IN ('pending', 'settled')",
        (list(ids),),
    ).fetchone()[0]


def refused(connection: Session, after: int, upto: int | None) -> list[int]:
    """See `Audit.refused`."""
    rows = connection.execute(
        "SELECT id FROM record WHERE state = 'refused' AND id > %s AND id <= %s ORDER BY id",
        (after, end(upto)),
    )
    return [row[0] for row in rows]


def compare_refused(
    connection: Session,
    ids: Sequence[int],
    rows: Sequence[Captured],
    now: float,
    *,
    asked_at: float,
) -> int:
    """See `Audit.compare_refused`."""
    capture.capture_page(
        connection,
        rows,
        now=now,
        fresh_max=0,
        asked_at=asked_at,
        may_lag=False,
        completing=True,
    )
    gone = connection.execute(
        "SELECT id, version FROM record"
        " WHERE state = 'refused' AND id = ANY(%s::bigint[]) ORDER BY id",
        (sorted(set(ids) - {row.id for row in rows}),),
    )
    capture.leave_out(
        connection, [(row[0], row[1]) for row in gone], because(Code.RECORD_HIDDEN), now
    )
    still = connection.execute(
        "SELECT count(*) FROM record WHERE state = 'refused' AND id = ANY(%s::bigint[])",
        (list(ids),),
    ).fetchone()[0]
    return len(ids) - still
