"""Adopting: a record is linked to a target record that another program has made for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.model.adoption import IN_DOUBT, OURS
from engine.model.history import Note
from engine.model.named import Named
from engine.model.states import State
from engine.store.postgres import claims, intents
from engine.store.postgres.history import remember
from engine.store.postgres.session import Session

# As many claims as are read at once.
_PAGE = 10_000


def adopt(
    connection: Session,
    one: Named,
    target_id: int,
    note: Note,
    now: float,
    *,
    lift: bool,
) -> bool:
    """See `Acting.adopt`."""
    row = connection.named(
        "SELECT r.version, r.state, r.pending_since, r.lifted, r.flagged,"  # noqa: S608 # a constant
        " i.record_id AS announced, c.record_id AS owner"
        f" FROM record r{intents.OF_RECORD} LEFT JOIN claim c ON c.target_id = %s WHERE r.id = %s",
        (target_id, one.id),
    ).fetchone()
    if row is None or row["announced"] is not None or row["owner"] not in (None, one.id):
        return False
    claims.pass_on(connection, row["owner"], one.id, target_id, now)
    claims.keep_only(connection, one.id, target_id)
    connection.execute(
        "UPDATE record SET target_id = %s, synced = NULL, sending = NULL, mass = 0, due_at = %s,"
        " pending_since = %s,"
        " attempts = 0, failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL, state = 'pending', revision = revision + 1,"
        # Whoever has set the flag: it counts as reset, and the source is told.
        " lifted = %s, flagged = %s WHERE id = %s",
        (
            target_id,
            now,
            row["pending_since"] if row["state"] == State.PENDING else now,
            int(lift or row["lifted"]),
            int(lift or row["flagged"]),
            one.id,
        ),
    )
    remember(connection, one.id, row["version"], note, now)
    return True


def standings(connection: Session, ids: Sequence[int]) -> Mapping[int, str]:
    """What settles it of these records that the state knows already, where anything does."""
    rows = connection.execute(
        "SELECT r.id, i.record_id IS NOT NULL, s.record_id IS NOT NULL"  # noqa: S608 # words of ours
        # What the fuse holds is not ours yet, though it is known which target record it is about.
        " OR (r.target_id IS NOT NULL AND r.mass = 0 AND r.state <> 'ineligible')"
        f" FROM record r{intents.OF_RECORD}"
        " LEFT JOIN skip s ON s.record_type = 'opportunity' AND s.record_id = r.id"
        " WHERE r.id = ANY(%s::bigint[])",
        (list(ids),),
    )
    return {
        record_id: IN_DOUBT if doubted else OURS
        for record_id, doubted, ours in rows
        if doubted or ours
    }


def claimed(connection: Session) -> Iterator[tuple[int, int, float]]:
    """Target id, record id, since: whose the target records are that the state knows."""
    page = connection.execute(
        "SELECT target_id, record_id, since FROM claim ORDER BY target_id LIMIT %s", (_PAGE,)
    ).fetchall()
    while page:
        yield from page
        page = connection.execute(
            "SELECT target_id, record_id, since FROM claim WHERE target_id > %s"
            " ORDER BY target_id LIMIT %s",
            (page[-1][0], _PAGE),
        ).fetchall()
