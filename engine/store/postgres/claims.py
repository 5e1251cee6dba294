"""Claims, as kept: which record each target record belongs to, one at most.

A claim is on disk before anything is sent to the target record, and every transaction that links a
record goes through here; the schema refuses a second owner whichever way it would come about.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.decide import settling
from engine.model.claim import Claim
from engine.model.history import Note
from engine.model.present import RecordNow
from engine.model.records import Captured
from engine.store.postgres import capture, intents, present
from engine.store.postgres.history import remember
from engine.store.postgres.session import Session
from engine.store.rows.present import of_record


def others(connection: Session, target_id: int, record_id: int) -> list[Claim]:
    """See `Claims.others`."""
    rows = connection.execute(
        "SELECT r.id, r.ref, c.since, o.target_id FROM record r"
        " LEFT JOIN claim c ON c.target_id = %(target)s AND c.record_id = r.id"
        " LEFT JOIN outbox o ON o.record_type = 'opportunity' AND o.record_id = r.id"
        " WHERE r.id IN (SELECT record_id FROM claim WHERE target_id = %(target)s"
        "  UNION SELECT id FROM record WHERE carried = %(target)s) AND r.id <> %(record)s"
        " ORDER BY r.id",
        {"target": target_id, "record": record_id},
    )
    return [Claim(row[0], row[1], row[2], row[3] == str(target_id)) for row in rows]


def owner_of(connection: Session, target_id: int) -> int | None:
    """The record that the target record belongs to."""
    row = connection.execute(
        "SELECT record_id FROM claim WHERE target_id = %s", (target_id,)
    ).fetchone()
    return None if row is None else row[0]


def since(connection: Session, target_id: int, record_id: int) -> float | None:
    """See `Claims.since`."""
    row = connection.execute(
        "SELECT since FROM claim WHERE target_id = %s AND record_id = %s", (target_id, record_id)
    ).fetchone()
    return None if row is None else row[0]


def owned_by_others(connection: Session, target_ids: Sequence[int], record_id: int) -> set[int]:
    """See `Claims.owned_by_others`."""
    rows = connection.execute(
        "SELECT target_id FROM claim WHERE record_id <> %s AND target_id = ANY(%s::bigint[])",
        (record_id, list(target_ids)),
    )
    return {row[0] for row in rows}


def take(
    connection: Session,
    record_id: int,
    target_id: int,
    *,
    expected: int | None,
    now: float,
    shown: Sequence[Captured] | None = None,
) -> bool:
    """See `Claims.take`."""
    if shown:
        capture.capture_page(connection, shown, now=now, fresh_max=len(shown))
    owner = owner_of(connection, target_id)
    if owner == record_id:
        return True
    if owner != expected:
        return False
    if owner is not None and shown is not None and owner not in {row.id for row in shown}:
        # Deleted, or hidden from us, and to be synced no more.
        connection.execute(
            "UPDATE record SET state = 'ineligible', revision = revision + 1 WHERE id = %s"  # noqa: S608 # a constant
            f" AND NOT {intents.RECORD_OPEN}",
            (owner,),
        )
    pass_on(connection, owner, record_id, target_id, now)
    return True


def pass_on(
    connection: Session, owner: int | None, record_id: int, target_id: int, now: float
) -> None:
    """What belongs to this owner, or to nobody, belongs to the record from now on."""
    if owner == record_id:
        return
    if owner is not None:
        _hand_over(connection, owner, record_id, target_id, now)
    enter(connection, [(target_id, record_id, now)])


def enter(connection: Session, claimed: Sequence[tuple[int, int, float]]) -> None:
    """Each of these target records belongs to that record, from then on."""
    if not claimed:
        return
    connection.execute(
        "INSERT INTO claim (target_id, record_id, since)"
        " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::double precision[])"
        " ON CONFLICT (target_id) DO UPDATE SET record_id = excluded.record_id,"
        " since = excluded.since",
        [list(column) for column in zip(*claimed, strict=True)],
    )


def give_up(connection: Session, record_id: int, target_id: int, now: float) -> None:
    """The record is not linked to this target record any more, and is looked at again."""
    connection.execute(
        "DELETE FROM claim WHERE target_id = %s AND record_id = %s", (target_id, record_id)
    )
    found = present.record(connection, record_id)
    if found is not None:
        _unlink(connection, record_id, found, target_id, now)


def keep_only(connection: Session, record_id: int, target_id: int) -> None:
    """The record is linked to this one: what it was linked to before is free."""
    connection.execute(
        "DELETE FROM claim WHERE record_id = %s AND target_id <> %s", (record_id, target_id)
    )


def tell(connection: Session, record_id: int, note: Note, now: float) -> None:
    """See `Claims.tell`."""
    row = connection.execute("SELECT version FROM record WHERE id = %s", (record_id,)).fetchone()
    if row is not None:
        remember(connection, record_id, row[0], note, now)


def look_at_carriers(connection: Session, after: int, upto: int, now: float) -> list[int]:
    """Settled records of a slice that carry the id of a target record that is another's."""
    rows = connection.execute(
        "UPDATE record SET state = 'pending', revision = revision + 1, due_at = %s,"
        " pending_since = %s WHERE id > %s AND id <= %s AND state = 'settled'"
        " AND carried IS NOT NULL AND carried IS DISTINCT FROM target_id"
        " AND carried IS DISTINCT FROM gone_id AND version IS DISTINCT FROM delivered_version"
        " AND EXISTS (SELECT 1 FROM claim c"
        "  WHERE c.target_id = record.carried AND c.record_id <> record.id)"
        " RETURNING id",
        (now, now, after, upto),
    )
    return [row[0] for row in rows]


def _hand_over(connection: Session, loser: int, winner: int, target_id: int, now: float) -> None:
    rows = connection.execute(
        f"SELECT {present.RECORD}, r.id, r.ref, r.version FROM record r"  # noqa: S608 # a constant
        " WHERE r.id = ANY(%s::bigint[])",
        ([loser, winner],),
    )
    known = {row[-3]: row for row in rows}
    (*_, of_loser, lost_at), (*_, of_winner, won_at) = known[loser], known[winner]
    _unlink(connection, loser, of_record(known[loser]), target_id, now)
    note = Note("id handed over", f"id {target_id} is that of {of_winner} from now on")
    remember(connection, loser, lost_at, note, now)
    note = Note("id taken over", f"id {target_id} was that of {of_loser} before")
    remember(connection, winner, won_at, note, now)


def _unlink(
    connection: Session, record_id: int, found: RecordNow, target_id: int, now: float
) -> None:
    again = settling.handed_over(found, now)
    # Neither is it owed that id any more, nor are its people related to it, as the schema says.
    connection.execute(
        "UPDATE record SET synced = NULL, target_id = NULL WHERE id = %s AND target_id = %s",
        (record_id, target_id),
    )
    connection.execute(
        "UPDATE record SET revision = revision + 1, mass = 0, due_at = %s, pending_since = %s,"
        " state = %s WHERE id = %s",
        (again.due_at, again.pending_since, again.state, record_id),
    )
