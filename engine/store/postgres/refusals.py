"""Refusals, as kept: what each depended on, and which of them are to be weighed again."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import RecordType
from engine.model.refusal import Refused, Weighed
from engine.model.work import Basis
from engine.store.postgres.history import remember
from engine.store.postgres.session import Changed, Session
from engine.store.rows import refusals as rows


def keep(
    connection: Session,
    record_type: RecordType,
    record_id: int,
    basis: Basis | None,
    revision: int | None = None,
) -> None:
    """What a refusal of now depends on."""
    connection.execute(
        "INSERT INTO refusal (record_type, record_id, basis, revision) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (record_type, record_id) DO UPDATE SET basis = excluded.basis, mark = NULL,"
        " revision = excluded.revision",
        (record_type, record_id, rows.spelled(basis), revision),
    )


def basis_of(connection: Session, record_id: int) -> Basis | None:
    """What the refusal of an opportunity depends on; None where that is not known."""
    row = connection.execute(
        "SELECT basis FROM refusal WHERE record_type = 'opportunity' AND record_id = %s",
        (record_id,),
    ).fetchone()
    return None if row is None else rows.basis_of(row[0])


def any_refused(connection: Session) -> bool:
    """See `Refusals.any_refused`."""
    return connection.execute(
        "SELECT EXISTS (SELECT 1 FROM record WHERE state = 'refused')"
    ).fetchone()[0]


def any_person_refused(connection: Session) -> bool:
    """See `Refusals.any_person_refused`."""
    return connection.execute(
        "SELECT EXISTS (SELECT 1 FROM person WHERE refused_version IS NOT NULL)"
    ).fetchone()[0]


def flagged_by_us(connection: Session, ids: Sequence[int]) -> set[int]:
    """See `Refusals.flagged_by_us`."""
    found = connection.execute(
        "SELECT id FROM record WHERE id = ANY(%s::bigint[]) AND (flagged = 1 OR state = 'pending')",
        (list(ids),),
    )
    return {row[0] for row in found}


def unweighed(connection: Session, mark: str, limit: int) -> list[Refused]:
    """See `Refusals.unweighed`."""
    found = connection.named(
        "SELECT r.id, r.payload, r.revision, r.target_id IS NOT NULL AS is_linked, f.basis,"
        " r.reason, r.reason_code, r.reason_class, r.reason_field"
        " FROM record r LEFT JOIN refusal f"
        " ON f.record_type = 'opportunity' AND f.record_id = r.id"
        " WHERE r.state = 'refused'"
        " AND (f.mark IS DISTINCT FROM %s OR f.revision IS DISTINCT FROM r.revision)"
        # In the order of the index, so that the first of many are found without the others.
        " ORDER BY r.reason_class, r.id LIMIT %s",
        (mark, limit),
    )
    return [rows.refused(row) for row in found]


def weigh(connection: Session, weighed: Sequence[Weighed], mark: str, now: float) -> None:
    """See `Refusals.weigh`."""
    connection.executemany(
        "INSERT INTO refusal (record_type, record_id, basis, mark, revision)"
        " VALUES ('opportunity', %s, %s, %s, %s) ON CONFLICT (record_type, record_id)"
        " DO UPDATE SET basis = coalesce(refusal.basis, excluded.basis), mark = excluded.mark,"
        " revision = excluded.revision",
        [
            (one.refused.id, rows.spelled(one.basis), mark, one.refused.revision)
            for one in weighed
            if not one.heals
        ],
    )
    healing = [(one.refused.id, _heal(connection, one, now)) for one in weighed if one.heals]
    for record_id, lifted in healing:
        row = lifted.fetchone()
        if row is not None:
            remember(connection, record_id, row[0], rows.HEALED, now)


def _heal(connection: Session, one: Weighed, now: float) -> Changed:
    lane, mass = rows.again(one)
    refused = one.refused
    return _lift(connection, refused.id, now, lane=lane, mass=mass, revision=refused.revision)


def lift(
    connection: Session,
    record_id: int,
    now: float,
    *,
    lane: Lane,
    mass: Mass,
    revision: int | None = None,
) -> bool:
    """A refused record is tried again, as it is by then: our flag counts as reset.

    Args:
        revision: the one that was weighed; another one is let be.
    """
    lifted = _lift(connection, record_id, now, lane=lane, mass=mass, revision=revision)
    return lifted.fetchone() is not None


def _lift(
    connection: Session, record_id: int, now: float, *, lane: Lane, mass: Mass, revision: int | None
) -> Changed:
    """The same, not waited for; the version of the record, where it is lifted."""
    return connection.execute(
        "UPDATE record SET state = 'pending', lifted = 1, reread = 1, revision = revision + 1,"
        " lane = %s, mass = %s, due_at = 0, pending_since = %s, attempts = 0,"
        " failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL"
        " WHERE id = %s AND state = 'refused' AND revision = coalesce(%s::bigint, revision)"
        " RETURNING version",
        (lane, mass, now, record_id, revision),
    )


def people_unweighed(connection: Session, mark: str) -> list[int]:
    """See `Refusals.people_unweighed`."""
    found = connection.execute(
        "SELECT p.id FROM person p LEFT JOIN refusal f"
        " ON f.record_type = 'person' AND f.record_id = p.id"
        " WHERE p.refused_version IS NOT NULL AND f.mark IS DISTINCT FROM %s ORDER BY p.id",
        (mark,),
    )
    return [row[0] for row in found]


def note_people(connection: Session, ids: Sequence[int], mark: str) -> None:
    """See `Refusals.note_people`."""
    connection.execute(
        "INSERT INTO refusal (record_type, record_id, mark)"
        " SELECT DISTINCT 'person', id, %s::text FROM unnest(%s::bigint[]) AS id"
        " ON CONFLICT (record_type, record_id) DO UPDATE SET mark = excluded.mark",
        (mark, list(ids)),
    )


def lift_person(connection: Session, person_id: int, now: float) -> None:
    """See `Refusals.lift_person`."""
    row = connection.execute(
        "UPDATE person SET lifted = 1, retry_at = 0 WHERE id = %s AND refused_version IS NOT NULL"
        " AND lifted = 0 RETURNING version",
        (person_id,),
    ).fetchone()
    if row is not None:
        kind = RecordType.PERSON
        remember(connection, person_id, row[0], rows.HEALED, now, record_type=kind)
