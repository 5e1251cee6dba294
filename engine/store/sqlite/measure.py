"""What the metrics say of the stored state: counted from indexes, never by reading records."""

from __future__ import annotations

import sqlite3

from engine.model.lane import Lane
from engine.model.measure import Backlog, Measured
from engine.model.reason import Code
from engine.store.rows import measure as told
from engine.store.sqlite import fuse, intents


def measured(connection: sqlite3.Connection, proved_before: float, soon: float) -> Measured:
    """See `Report.measured`."""
    in_doubt, since = _in_doubt(connection)
    not_shown, proved_at = unproven(connection, proved_before)
    held = fuse.held(connection)
    return Measured(
        pending=_pending(connection, soon),
        linked=held.linked,
        in_error=_in_error(connection),
        lines_held_back=connection.execute(
            "SELECT count(DISTINCT record_id) FROM awaited WHERE kind = 'person'"
        ).fetchone()[0],
        in_doubt=in_doubt,
        in_doubt_since=since,
        unproven=not_shown,
        proved_at=proved_at,
        held=held,
        watermarks={
            feed: float(updated_at)
            for feed, updated_at in connection.execute(
                "SELECT feed, updated_at FROM watermark WHERE updated_at IS NOT NULL"
            )
        },
    )


def _pending(connection: sqlite3.Connection, soon: float) -> dict[tuple[str, Lane], Backlog]:
    records = connection.execute(
        "SELECT lane, count(*), min(pending_since), sum(due_at <= ?),"
        " max(CASE WHEN due_at <= ? THEN due_at END) FROM record"
        " WHERE state = 'pending' AND mass <> 2 GROUP BY lane",
        (soon, soon),
    )
    tabs = connection.execute(
        "SELECT lane, count(*), min(pending_since), sum(due_at <= ?),"
        " max(CASE WHEN due_at <= ? THEN due_at END) FROM people_tab"
        " WHERE state = 'pending' AND mass <> 2 AND NOT given_up GROUP BY lane",
        (soon, soon),
    )
    # A record that is deleted in the source is looked for again now and then; nobody can help it.
    # What a person is owed follows from no edit of that person: it is never fresh.
    owed = connection.execute(
        "SELECT coalesce(r.lane, 1), count(*), min(o.changed_at), 0, NULL FROM outbox o"
        " LEFT JOIN record r ON o.record_type = 'opportunity' AND r.id = o.record_id"
        " WHERE o.reason_code IS NOT ? GROUP BY 1",
        (Code.RECORD_HIDDEN,),
    )
    return told.by_lane({"opportunity": records, "relationship": tabs, "write_back": owed})


def _in_error(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    rows = connection.execute(
        "SELECT 'opportunity', reason_class, count(*) FROM record WHERE state = 'refused'"
        " GROUP BY reason_class"
        " UNION ALL SELECT 'person', reason_class, count(*) FROM person"
        " WHERE refused_version IS NOT NULL GROUP BY reason_class"
        " UNION ALL SELECT 'relationship', reason_class, count(*) FROM people_tab"
        " WHERE state = 'pending' AND given_up GROUP BY reason_class"
    )
    return told.in_error(rows)


def _in_doubt(connection: sqlite3.Connection) -> tuple[dict[str, int], float | None]:
    rows = connection.execute(
        "SELECT i.kind, count(*), min(i.doubt_since) FROM intent i"  # noqa: S608 # a constant
        f" WHERE i.doubt_since IS NOT NULL AND {intents.WANTED} GROUP BY i.kind"
    ).fetchall()
    return told.in_doubt(rows)


def unproven(connection: sqlite3.Connection, before: float) -> tuple[int, float | None]:
    """Records last shown by the source before `before`, and the earliest such time of all."""
    # Two questions, so that each is answered from its end of the index.
    return connection.execute(
        "SELECT (SELECT count(*) FROM record"
        " WHERE state IN ('pending', 'settled') AND proved_at < ?),"
        " (SELECT min(proved_at) FROM record WHERE state IN ('pending', 'settled'))",
        (before,),
    ).fetchone()
