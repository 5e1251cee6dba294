"""Refusals, as kept: what each depended on, and which of them are to be weighed again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import RecordType
from engine.model.refusal import Refused, Weighed
from engine.model.work import Basis
from engine.store.rows import refusals as rows
from engine.store.sqlite.history import remember
from engine.store.sqlite.rows import by_name


def keep(
    connection: sqlite3.Connection,
    record_type: RecordType,
    record_id: int,
    basis: Basis | None,
    revision: int | None = None,
) -> None:
    """What a refusal of now depends on."""
    connection.execute(
        "INSERT OR REPLACE INTO refusal (record_type, record_id, basis, revision)"
        " VALUES (?, ?, ?, ?)",
        (record_type, record_id, rows.spelled(basis), revision),
    )


def basis_of(connection: sqlite3.Connection, record_id: int) -> Basis | None:
    """What the refusal of an opportunity depends on; None where that is not known."""
    row = connection.execute(
        "SELECT basis FROM refusal WHERE record_type = 'opportunity' AND record_id = ?",
        (record_id,),
    ).fetchone()
    return None if row is None else rows.basis_of(row[0])


def any_refused(connection: sqlite3.Connection) -> bool:
    """See `Refusals.any_refused`."""
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM record INDEXED BY record_refused WHERE state = 'refused')"
        ).fetchone()[0]
    )


def any_person_refused(connection: sqlite3.Connection) -> bool:
    """See `Refusals.any_person_refused`."""
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM person INDEXED BY person_refused"
            " WHERE refused_version IS NOT NULL)"
        ).fetchone()[0]
    )


def flagged_by_us(connection: sqlite3.Connection, ids: Sequence[int]) -> set[int]:
    """See `Refusals.flagged_by_us`."""
    found = connection.execute(
        "SELECT id FROM record WHERE id IN (SELECT value FROM json_each(?))"
        " AND (flagged OR state = 'pending')",
        (json.dumps(list(ids)),),
    )
    return {row[0] for row in found}


def unweighed(connection: sqlite3.Connection, mark: str, limit: int) -> list[Refused]:
    """See `Refusals.unweighed`."""
    found = connection.execute(
        "SELECT r.id, r.payload, r.revision, r.target_id IS NOT NULL AS is_linked, f.basis,"
        " r.reason, r.reason_code, r.reason_class, r.reason_field"
        " FROM record r INDEXED BY record_refused LEFT JOIN refusal f"
        " ON f.record_type = 'opportunity' AND f.record_id = r.id"
        " WHERE r.state = 'refused' AND (f.mark IS NOT ? OR f.revision IS NOT r.revision) LIMIT ?",
        (mark, limit),
    )
    return [rows.refused(row) for row in map(by_name, found)]


def weigh(
    connection: sqlite3.Connection, weighed: Sequence[Weighed], mark: str, now: float
) -> None:
    """See `Refusals.weigh`."""
    for one in weighed:
        if one.heals:
            _heal(connection, one, now)
        else:
            connection.execute(
                "INSERT INTO refusal (record_type, record_id, basis, mark, revision)"
                " VALUES ('opportunity', ?, ?, ?, ?) ON CONFLICT (record_type, record_id)"
                " DO UPDATE SET basis = coalesce(basis, excluded.basis), mark = excluded.mark,"
                " revision = excluded.revision",
                (one.refused.id, rows.spelled(one.basis), mark, one.refused.revision),
            )


def _heal(connection: sqlite3.Connection, one: Weighed, now: float) -> None:
    lane, mass = rows.again(one)
    if lift(connection, one.refused.id, now, lane=lane, mass=mass, revision=one.refused.revision):
        (version,) = connection.execute(
            "SELECT version FROM record WHERE id = ?", (one.refused.id,)
        ).fetchone()
        remember(connection, one.refused.id, version, rows.HEALED, now)


def lift(
    connection: sqlite3.Connection,
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
    return bool(
        connection.execute(
            "UPDATE record SET state = 'pending', lifted = 1, reread = 1, revision = revision + 1,"
            " lane = ?, mass = ?, due_at = 0, pending_since = ?, attempts = 0,"
            " failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
            " reason_class = NULL, reason_field = NULL"
            " WHERE id = ? AND state = 'refused' AND revision = coalesce(?, revision)",
            (lane, mass, now, record_id, revision),
        ).rowcount
    )


def people_unweighed(connection: sqlite3.Connection, mark: str) -> list[int]:
    """See `Refusals.people_unweighed`."""
    found = connection.execute(
        "SELECT p.id FROM person p INDEXED BY person_refused LEFT JOIN refusal f"
        " ON f.record_type = 'person' AND f.record_id = p.id"
        " WHERE p.refused_version IS NOT NULL AND f.mark IS NOT ?",
        (mark,),
    )
    return [row[0] for row in found]


def note_people(connection: sqlite3.Connection, ids: Sequence[int], mark: str) -> None:
    """See `Refusals.note_people`."""
    connection.executemany(
        "INSERT INTO refusal (record_type, record_id, mark) VALUES ('person', ?, ?)"
        " ON CONFLICT (record_type, record_id) DO UPDATE SET mark = excluded.mark",
        [(one, mark) for one in ids],
    )


def lift_person(connection: sqlite3.Connection, person_id: int, now: float) -> None:
    """See `Refusals.lift_person`."""
    row = connection.execute(
        "UPDATE person SET lifted = 1, retry_at = 0 WHERE id = ? AND refused_version IS NOT NULL"
        " AND NOT lifted RETURNING version",
        (person_id,),
    ).fetchone()
    if row is not None:
        kind = RecordType.PERSON
        remember(connection, person_id, row[0], rows.HEALED, now, record_type=kind)
