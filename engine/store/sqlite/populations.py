"""Records by what becomes of them, and the few that somebody has to look at."""

from __future__ import annotations

import sqlite3

from engine.model.report import Populations, RefusedTab
from engine.store.rows.populations import refused_tab


def populations(connection: sqlite3.Connection, linked: int) -> Populations:
    """Count everything by what becomes of it, from indexes alone.

    Args:
        linked: as they were counted: all others are few.
    """
    # What the fuse evaluates is held as well; a term beside each partial index's own condition, or
    # SQLite would read every record.
    return Populations(
        linked,
        *connection.execute(
            "SELECT (SELECT count(*) FROM record WHERE state = 'pending' AND mass <> 2)"
            " - (SELECT count(*) FROM record WHERE mass > 0 AND mass = 1 AND state = 'pending')"
            " - (SELECT count(*) FROM intent i CROSS JOIN record r ON r.id = i.record_id"
            "    WHERE i.kind = 'opportunity' AND i.doubt_since IS NOT NULL AND r.state = 'pending'"
            "    AND r.mass NOT IN (1, 2)),"
            " (SELECT count(*) FROM record WHERE mass > 0 AND mass IN (1, 2)"
            "  AND state = 'pending'),"
            " (SELECT count(*) FROM record WHERE state = 'refused'),"
            " (SELECT count(*) FROM intent WHERE kind = 'opportunity' AND doubt_since IS NOT NULL),"
            " (SELECT count(*) FROM vanished),"
            " (SELECT count(*) FROM people_tab WHERE state = 'pending' AND mass <> 2"
            "  AND NOT given_up)"
            " - (SELECT count(*) FROM people_tab WHERE mass > 0 AND mass = 1"
            "    AND state = 'pending' AND NOT given_up),"
            " (SELECT count(*) FROM people_tab WHERE mass > 0 AND mass IN (1, 2)"
            "  AND state = 'pending'),"
            " (SELECT count(*) FROM people_tab WHERE state = 'pending' AND given_up = 1),"
            " (SELECT count(DISTINCT record_id) FROM awaited WHERE kind = 'person'),"
            " (SELECT count(*) FROM person WHERE refused_version IS NOT NULL)"
        ).fetchone(),
    )


def refused_tabs(connection: sqlite3.Connection, limit: int) -> list[RefusedTab]:
    """See `Report.refused_tabs`."""
    rows = connection.execute(
        "SELECT r.id, r.ref, r.payload, t.reason, t.reason_class, t.reason_code,"
        " coalesce(t.failed_at, t.pending_since) AS since, t.due_at, t.target_id FROM people_tab t"
        " JOIN record r ON r.id = t.record_id WHERE t.state = 'pending' AND t.given_up = 1"
        " AND t.reason IS NOT NULL ORDER BY t.failed_at LIMIT ?",
        (limit,),
    ).fetchall()
    return [refused_tab(row, _roles(connection, row["target_id"])) for row in rows]


def _roles(connection: sqlite3.Connection, target_id: int) -> tuple[tuple[int, str], ...]:
    rows = connection.execute(
        "SELECT prospect_id, role FROM role WHERE target_id = ?", (target_id,)
    )
    return tuple((row[0], row[1]) for row in rows)
