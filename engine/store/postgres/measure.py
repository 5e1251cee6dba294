"""What the metrics say of the stored state: counted from indexes, never by reading records."""

from __future__ import annotations

from engine.model.measure import Measured
from engine.model.reason import Code
from engine.store.postgres import fuse, intents
from engine.store.postgres.session import Changed, Session
from engine.store.rows import measure as told


def measured(connection: Session, proved_before: float, soon: float) -> Measured:
    """See `Report.measured`."""
    # All is asked before anything is waited for.
    pending = _pending(connection, soon)
    in_error = _in_error(connection)
    in_doubt = _in_doubt(connection)
    held_back = connection.execute(
        "SELECT count(DISTINCT record_id) FROM awaited WHERE kind = 'person'"
    )
    watermarks = connection.execute(
        "SELECT feed, updated_at FROM watermark WHERE updated_at IS NOT NULL"
    )
    not_shown, proved_at = unproven(connection, proved_before)
    held = fuse.held(connection)
    doubts, since = told.in_doubt(in_doubt.fetchall())
    return Measured(
        pending=told.by_lane(pending),
        linked=held.linked,
        in_error=told.in_error(in_error),
        lines_held_back=held_back.fetchone()[0],
        in_doubt=doubts,
        in_doubt_since=since,
        unproven=not_shown,
        proved_at=proved_at,
        held=held,
        watermarks={feed: float(updated_at) for feed, updated_at in watermarks},
    )


def _pending(connection: Session, soon: float) -> dict[str, Changed]:
    records = connection.execute(
        "SELECT lane, count(*), min(pending_since), count(*) FILTER (WHERE due_at <= %(soon)s),"
        " max(due_at) FILTER (WHERE due_at <= %(soon)s) FROM record"
        " WHERE state = 'pending' AND mass <> 2 GROUP BY lane",
        {"soon": soon},
    )
    tabs = connection.execute(
        "SELECT lane, count(*), min(pending_since), count(*) FILTER (WHERE due_at <= %(soon)s),"
        " max(due_at) FILTER (WHERE due_at <= %(soon)s) FROM people_tab"
        " WHERE state = 'pending' AND mass <> 2 AND given_up = 0 GROUP BY lane",
        {"soon": soon},
    )
    # A record that is deleted in the source is looked for again now and then; nobody can help it.
    # What a person is owed follows from no edit of that person: it is never fresh.
    owed = connection.execute(
        "SELECT coalesce(r.lane, 1), count(*), min(o.changed_at), 0, NULL FROM outbox o"
        " LEFT JOIN record r ON o.record_type = 'opportunity' AND r.id = o.record_id"
        " WHERE o.reason_code IS DISTINCT FROM %s GROUP BY 1",
        (Code.RECORD_HIDDEN,),
    )
    return {"opportunity": records, "relationship": tabs, "write_back": owed}


def _in_error(connection: Session) -> Changed:
    return connection.execute(
        "SELECT 'opportunity', reason_class, count(*) FROM record WHERE state = 'refused'"
        " GROUP BY reason_class"
        " UNION ALL SELECT 'person', reason_class, count(*) FROM person"
        " WHERE refused_version IS NOT NULL GROUP BY reason_class"
        " UNION ALL SELECT 'relationship', reason_class, count(*) FROM people_tab"
        " WHERE state = 'pending' AND given_up = 1 GROUP BY reason_class"
    )


def _in_doubt(connection: Session) -> Changed:
    return connection.execute(
        "SELECT i.kind, count(*), min(i.doubt_since) FROM intent i"  # noqa: S608 # a constant
        f" WHERE i.doubt_since IS NOT NULL AND {intents.WANTED} GROUP BY i.kind"
    )


def unproven(connection: Session, before: float) -> tuple[int, float | None]:
    """Records last shown by the source before `before`, and the earliest such time of all."""
    # Two questions, so that each is answered from its end of the index.
    return connection.execute(
        "SELECT (SELECT count(*) FROM record"
        " WHERE state IN ('pending', 'settled') AND proved_at < %s),"
        " (SELECT min(proved_at) FROM record WHERE state IN ('pending', 'settled'))",
        (before,),
    ).fetchone()
