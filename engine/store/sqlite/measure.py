"""What the metrics say of the stored state: counted from indexes, never by reading records."""

from __future__ import annotations

import sqlite3

from engine.model.measure import Backlog, Measured
from engine.model.outbox import MISSING
from engine.store.sqlite import audit, fuse


def measured(connection: sqlite3.Connection, proved_before: float) -> Measured:
    """Count everything.

    Args:
        proved_before: what the source did not show since then is unproven.
    """
    in_doubt, since = _in_doubt(connection)
    unproven, proved_at = audit.unproven(connection, proved_before)
    held = fuse.held(connection)
    return Measured(
        pending=_pending(connection),
        linked=held.linked,
        in_error=_in_error(connection),
        lines_held_back=connection.execute(
            "SELECT count(DISTINCT record_id) FROM awaited WHERE kind = 'person'"
        ).fetchone()[0],
        in_doubt=in_doubt,
        in_doubt_since=since,
        unproven=unproven,
        proved_at=proved_at,
        held=held,
        watermarks={
            feed: float(updated_at)
            for feed, updated_at in connection.execute(
                "SELECT feed, updated_at FROM watermark WHERE updated_at IS NOT NULL"
            )
        },
    )


def _pending(connection: sqlite3.Connection) -> dict[str, Backlog]:
    records = connection.execute(
        "SELECT count(*), min(pending_since) FROM record WHERE state = 'pending' AND mass <> 2"
    ).fetchone()
    tabs = connection.execute(
        "SELECT count(*), min(pending_since) FROM contacts"
        " WHERE state = 'pending' AND mass <> 2 AND NOT given_up"
    ).fetchone()
    # A record that is deleted in the source is looked for again now and then; nobody can help it.
    owed = connection.execute(
        "SELECT count(*), min(changed_at) FROM outbox WHERE reason IS NOT ?", (MISSING,)
    ).fetchone()
    return {
        "opportunity": Backlog(*records),
        "relationship": Backlog(*tabs),
        "write_back": Backlog(*owed),
    }


def _in_error(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    rows = connection.execute(
        "SELECT 'opportunity', reason_class, count(*) FROM record WHERE state = 'refused'"
        " GROUP BY reason_class"
        " UNION ALL SELECT 'person', reason_class, count(*) FROM person"
        " WHERE refused_version IS NOT NULL GROUP BY reason_class"
        " UNION ALL SELECT 'relationship', reason_class, count(*) FROM contacts"
        " WHERE state = 'pending' AND given_up GROUP BY reason_class"
    )
    return {(kind, reason_class or ""): number for kind, reason_class, number in rows}


def _in_doubt(connection: sqlite3.Connection) -> tuple[dict[str, int], float | None]:
    rows = connection.execute(
        "SELECT 'opportunity', count(*), min(doubt_since) FROM intent"
        " WHERE doubt_since IS NOT NULL"
        " UNION ALL SELECT 'role', count(*), min(doubt_since) FROM contacts"
        " WHERE state = 'pending' AND doubt_since IS NOT NULL"
        " UNION ALL SELECT 'prospect', count(*), min(doubt_since) FROM person"
        " WHERE doubt_since IS NOT NULL"
    ).fetchall()
    times = [since for _, _, since in rows if since is not None]
    return {kind: number for kind, number, _ in rows}, min(times, default=None)
