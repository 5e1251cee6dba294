"""What an operator has told us to leave alone, as kept."""

from __future__ import annotations

from engine.model.records import RecordType
from engine.model.skip import Skip
from engine.store.postgres.session import Session


def of(connection: Session, record_type: RecordType, record_id: int) -> Skip | None:
    """Why this record is left alone; None where it is not."""
    row = connection.execute(
        "SELECT reason, since FROM skip WHERE record_type = %s AND record_id = %s",
        (record_type, record_id),
    ).fetchone()
    return None if row is None else Skip(row[0], row[1])


def keep(connection: Session, record_type: RecordType, record_id: int, skip: Skip) -> None:
    """Leave it alone from now on; a former reason is replaced."""
    connection.execute(
        "INSERT INTO skip (record_type, record_id, reason, since) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (record_type, record_id) DO UPDATE SET reason = excluded.reason,"
        " since = excluded.since",
        (record_type, record_id, skip.reason, skip.since),
    )


def forget(connection: Session, record_type: RecordType, record_id: int) -> bool:
    """Leave it alone no more; whether it was."""
    forgotten = connection.execute(
        "DELETE FROM skip WHERE record_type = %s AND record_id = %s RETURNING 1",
        (record_type, record_id),
    )
    return forgotten.fetchone() is not None
