"""References that records wait for, and looking ahead at what the next records will need."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from engine.model.identity import id_of
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.work import Referring
from engine.store.postgres.session import Session

# The kind under which opportunities wait for people; the name is the person's id in the source.
PERSON = "person"


def wake_awaiting(connection: Session, kind: str, names: Collection[str], now: float) -> int:
    """See `Awaited.wake_awaiting`."""
    return connection.execute(
        "UPDATE record SET state = 'pending', revision = revision + 1, due_at = %s, lane = %s,"
        " pending_since = %s"
        " WHERE state = 'settled' AND id IN"
        " (SELECT record_id FROM awaited WHERE kind = %s AND name = ANY(%s::text[]))",
        (now, Lane.BACKLOG, now, kind, list(names)),
    ).rowcount


def referring(connection: Session, columns: Sequence[str], names: Sequence[str]) -> list[Referring]:
    """See `Awaited.referring`."""
    rows = connection.execute(
        "SELECT id, payload, synced FROM record WHERE state = 'settled' AND target_id IS NOT NULL"
        " AND synced IS NOT NULL AND EXISTS (SELECT 1 FROM unnest(%s::text[]) AS place"
        "  WHERE as_jsonb(payload) ->> place = ANY(%s::text[]))",
        (list(columns), list(names)),
    )
    return [Referring(row[0], row[1], json.loads(row[2])) for row in rows]


def wake_moved(connection: Session, ids: Sequence[int], now: float) -> int:
    """See `Awaited.wake_moved`."""
    return connection.execute(
        "UPDATE record SET state = 'pending', revision = revision + 1, due_at = %s, lane = %s,"
        " pending_since = %s, mass = %s"
        " WHERE state = 'settled' AND id = ANY(%s::bigint[])",
        (now, Lane.BACKLOG, now, Mass.EVALUATING, list(ids)),
    ).rowcount


def awaited_names(connection: Session, kind: str) -> list[str]:
    """See `Awaited.awaited_names`."""
    rows = connection.execute("SELECT DISTINCT name FROM awaited WHERE kind = %s", (kind,))
    return [row[0] for row in rows]


def pending_column(connection: Session, column: str, limit: int) -> list[int]:
    """See `Awaited.pending_column`."""
    rows = connection.execute(
        "SELECT value FROM (SELECT as_jsonb(payload) ->> %s::text AS value, place FROM"
        "  (SELECT payload, row_number() OVER (ORDER BY lane, due_at, id) AS place FROM record"
        "   WHERE state = 'pending' ORDER BY lane, due_at, id LIMIT %s) AS next) AS found"
        # Whoever has no room for all of them takes those that are needed first.
        " WHERE value IS NOT NULL GROUP BY value ORDER BY min(place)",
        (column, limit),
    )
    return [found for row in rows if (found := id_of(row[0])) is not None]
