"""What was undone, as kept; `decide.undone` says for how long it counts."""

from __future__ import annotations

from engine.model.kept import FINGERPRINT
from engine.store.postgres.session import Session


def drop_outdated(connection: Session, record_id: int) -> None:
    """The record was reconciled: what was undone under another version or mapping is over."""
    connection.execute(
        "DELETE FROM undone WHERE record_id = %s AND NOT EXISTS (SELECT 1 FROM record r"
        " WHERE r.id = undone.record_id AND r.version = undone.version AND undone.mapping"
        " IS NOT DISTINCT FROM (SELECT value FROM setting WHERE name = %s))",
        (record_id, FINGERPRINT),
    )


def follow_write_back(connection: Session, record_id: int, version: int, now: int) -> None:
    """Our own write-back has made a version of it, which is no edit of anybody's."""
    connection.execute(
        "UPDATE undone SET version = %s WHERE record_id = %s AND version = %s",
        (now, record_id, version),
    )
