"""Records by what becomes of them, and the few that somebody has to look at."""

from __future__ import annotations

from engine.model.report import Populations, RefusedTab
from engine.store.postgres.session import Session
from engine.store.rows.populations import refused_tab


def populations(connection: Session, linked: int) -> Populations:
    """Count everything by what becomes of it, from indexes alone.

    Args:
        linked: as they were counted: all others are few.
    """
    # What the fuse evaluates is held as well.
    return Populations(
        linked,
        *connection.execute(
            "SELECT (SELECT count(*) FROM record WHERE state = 'pending' AND mass <> 2)"
            " - (SELECT count(*) FROM record WHERE mass = 1 AND state = 'pending')"
            " - (SELECT count(*) FROM intent i JOIN record r ON r.id = i.record_id"
            "    WHERE i.kind = 'opportunity' AND i.doubt_since IS NOT NULL AND r.state = 'pending'"
            "    AND r.mass NOT IN (1, 2)),"
            " (SELECT count(*) FROM record WHERE mass IN (1, 2)"
            "  AND state = 'pending'),"
            " (SELECT count(*) FROM record WHERE state = 'refused'),"
            " (SELECT count(*) FROM intent WHERE kind = 'opportunity' AND doubt_since IS NOT NULL),"
            " (SELECT count(*) FROM vanished),"
            " (SELECT count(*) FROM people_tab WHERE state = 'pending' AND mass <> 2"
            "  AND given_up = 0)"
            " - (SELECT count(*) FROM people_tab WHERE mass = 1"
            "    AND state = 'pending' AND given_up = 0),"
            " (SELECT count(*) FROM people_tab WHERE mass IN (1, 2)"
            "  AND state = 'pending'),"
            " (SELECT count(*) FROM people_tab WHERE state = 'pending' AND given_up = 1),"
            " (SELECT count(DISTINCT record_id) FROM awaited WHERE kind = 'person'),"
            " (SELECT count(*) FROM person WHERE refused_version IS NOT NULL)"
        ).fetchone(),
    )


def refused_tabs(connection: Session, limit: int) -> list[RefusedTab]:
    """See `Report.refused_tabs`."""
    rows = connection.named(
        "SELECT r.id, r.ref, r.payload, t.reason, t.reason_class, t.reason_code,"
        " coalesce(t.failed_at, t.pending_since) AS since, t.due_at, t.target_id FROM people_tab t"
        " JOIN record r ON r.id = t.record_id WHERE t.state = 'pending' AND t.given_up = 1"
        " AND t.reason IS NOT NULL ORDER BY t.failed_at NULLS FIRST, t.record_id LIMIT %s",
        (None if limit < 0 else limit,),
    ).fetchall()
    roles: dict[int, list[tuple[int, str]]] = {row["target_id"]: [] for row in rows}
    for target_id, *role in connection.execute(
        "SELECT target_id, prospect_id, role FROM role"
        " WHERE target_id = ANY(%s::bigint[]) ORDER BY id",
        (list(roles),),
    ):
        roles[target_id].append((role[0], role[1]))
    return [refused_tab(row, roles[row["target_id"]]) for row in rows]
