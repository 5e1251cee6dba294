"""The journal of creates: announced before they are sent, looked for once they are in doubt.

One row for each record, People tab and person with a create of which the result is not known, or
that came to nothing so far. Which of them may be sent again, and when each is looked for, is
decided by `engine.decide.doubt`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.model.intent import Intent, IntentKind
from engine.store.postgres.session import Changed, Session
from engine.store.rows.intents import of_row

COLUMNS = "i.correlation, i.opened_at, i.doubt_since, i.checks, i.sent, i.look_at, i.open"
# What becomes of a record, and of its tab, is read with its create.
OF_RECORD = " LEFT JOIN intent i ON i.kind = 'opportunity' AND i.record_id = r.id"
OF_TAB = " LEFT JOIN intent i ON i.kind = 'role' AND i.record_id = t.record_id"
OF_PERSON = " LEFT JOIN intent i ON i.kind = 'prospect' AND i.record_id = p.id"

# Of a statement about tabs: whether a create of the tab's roles is in doubt.
TAB_IN_DOUBT = (
    "EXISTS (SELECT 1 FROM intent i WHERE i.kind = 'role' AND i.record_id = people_tab.record_id"
    " AND i.doubt_since IS NOT NULL)"
)

# Of a statement about records: whether a create of the record is open.
RECORD_OPEN = (
    "EXISTS (SELECT 1 FROM intent i WHERE i.kind = 'opportunity' AND i.record_id = record.id)"
)
# Of a statement about intents: what was settled otherwise is looked for only with its next reason.
WANTED = (
    "(i.kind <> 'role' OR EXISTS (SELECT 1 FROM people_tab t WHERE t.record_id = i.record_id"
    " AND t.state = 'pending'))"
)
# Of a statement that announces a create: what becomes of the one that came to nothing.
SENT_AGAIN = (
    " ON CONFLICT (kind, record_id) DO UPDATE SET correlation = excluded.correlation, open = 1,"
    " doubt_since = NULL, checks = 0, look_at = NULL, sent = intent.sent + 1"
)


def announce(
    connection: Session, kind: IntentKind, record_id: int, correlation: str, opened_at: float
) -> None:
    """A create is about to be sent, for the first time or because the one before came to nothing.

    Args:
        opened_at: nothing that it makes is older than that, unix seconds.
    """
    connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at) VALUES (%s, %s, %s, %s)"  # noqa: S608 # a constant
        f"{SENT_AGAIN}, opened_at = excluded.opened_at",
        (kind, record_id, correlation, opened_at),
    )


def widen(connection: Session, kind: IntentKind, record_id: int, correlation: str) -> bool:
    """More is to be sent than was announced, and nothing was; whether it was announced at all."""
    widened = connection.execute(
        "UPDATE intent SET correlation = %s WHERE kind = %s AND record_id = %s"
        " AND open = 1 AND doubt_since IS NULL RETURNING 1",
        (correlation, kind, record_id),
    )
    return widened.fetchone() is not None


def doubt(
    connection: Session,
    kind: IntentKind,
    record_id: int,
    now: float,
    *,
    look_at: float,
    correlation: str | None = None,
) -> bool:
    """The answer is lost; a doubt keeps its beginning. Whether there is such a create.

    Args:
        correlation: what of it is in doubt; None for all.
    """
    doubted = begin_doubt(
        connection, kind, record_id, now, look_at=look_at, correlation=correlation
    )
    return doubted.fetchone() is not None


def begin_doubt(
    connection: Session,
    kind: IntentKind,
    record_id: int,
    now: float,
    *,
    look_at: float,
    correlation: str | None = None,
) -> Changed:
    """The same for who need not know whether there is such a create, and does not wait."""
    return connection.execute(
        "UPDATE intent SET open = 1, doubt_since = coalesce(doubt_since, %s),"
        " checks = checks + 1, look_at = %s, correlation = coalesce(%s::text, correlation)"
        " WHERE kind = %s AND record_id = %s RETURNING 1",
        (now, look_at, correlation, kind, record_id),
    )


def open_doubt(
    connection: Session,
    kind: IntentKind,
    record_id: int,
    correlation: str,
    *,
    since: float,
    look_at: float,
    checks: int = 0,
) -> bool:
    """Something may be there that we did not announce; False where a create is known already."""
    opened = connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at, doubt_since, look_at,"
        " checks, sent) VALUES (%s, %s, %s, %s, %s, %s, %s, 0)"
        " ON CONFLICT (kind, record_id) DO NOTHING RETURNING 1",
        (kind, record_id, correlation, look_at, since, look_at, checks),
    )
    return opened.fetchone() is not None


def answer(connection: Session, kind: IntentKind, record_id: int) -> None:
    """It is known what became of what was sent; how often it was sent still counts."""
    connection.execute(
        "UPDATE intent SET open = 0, doubt_since = NULL, checks = 0, look_at = NULL"
        " WHERE kind = %s AND record_id = %s AND open = 1",
        (kind, record_id),
    )


def end(connection: Session, kind: IntentKind, record_id: int) -> None:
    """It came to what was wanted, or is not wanted any more."""
    end_each(connection, kind, [record_id])


def end_each(connection: Session, kind: IntentKind, record_ids: Sequence[int]) -> None:
    """The same for each of these."""
    connection.execute(
        "DELETE FROM intent WHERE kind = %s AND record_id = ANY(%s::bigint[])",
        (kind, list(record_ids)),
    )


def of(connection: Session, kind: IntentKind, record_id: int) -> Intent | None:
    """The create of this one."""
    row = connection.named(
        f"SELECT {COLUMNS} FROM intent i WHERE kind = %s AND record_id = %s",  # noqa: S608 # a constant
        (kind, record_id),
    ).fetchone()
    return None if row is None else of_row(row)


def due_looks(
    connection: Session, now: float, *, since: Mapping[str, float], limit: int
) -> list[str]:
    """See `Records.due_looks`."""
    rows = connection.execute(
        "SELECT i.correlation FROM intent i JOIN record r ON r.id = i.record_id"
        " LEFT JOIN unnest(%s::text[], %s::double precision[]) AS looked (one, at)"
        " ON looked.one = i.correlation"
        " WHERE i.kind = 'opportunity' AND i.look_at <= %s AND r.state = 'pending'"
        " AND r.due_at <= %s AND (looked.at IS NULL OR looked.at < i.look_at)"
        " ORDER BY i.look_at, i.record_id LIMIT %s",
        (list(since), list(since.values()), now, now, limit),
    )
    return list(dict.fromkeys(row[0] for row in rows))


def next_look(connection: Session, now: float) -> float | None:
    """See `Records.next_look`."""
    return connection.execute(
        "SELECT min(look_at) FROM intent WHERE kind = 'opportunity' AND look_at > %s", (now,)
    ).fetchone()[0]


def look_again(connection: Session, record_id: int, due_at: float) -> None:
    """See `Records.look_again`."""
    connection.execute(
        "UPDATE intent SET checks = checks + 1, look_at = %s"
        " WHERE kind = 'opportunity' AND record_id = %s",
        (due_at, record_id),
    )
    # An edit captured meanwhile must not start the search early, whatever its due time.
    connection.execute("UPDATE record SET due_at = %s WHERE id = %s", (due_at, record_id))


def doubt_unfinished(connection: Session, now: float) -> int:
    """See `Provenance.doubt_unfinished`."""
    # A tab that was settled otherwise is looked at again.
    connection.execute(
        "UPDATE people_tab SET state = 'pending', pending_since = %s WHERE state = 'settled'"
        " AND record_id IN (SELECT record_id FROM intent"
        " WHERE kind = 'role' AND open = 1 AND doubt_since IS NULL)",
        (now,),
    )
    return connection.execute(
        "UPDATE intent SET doubt_since = %s, look_at = %s WHERE open = 1 AND doubt_since IS NULL",
        (now, now),
    ).rowcount
