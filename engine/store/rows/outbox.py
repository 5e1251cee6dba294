"""What a record of the source is owed, from and to the row that keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.decide import write_back
from engine.model.outbox import Carried, Entry, Owed
from engine.model.records import RecordType


def entry(record_type: RecordType, row: Mapping[str, Any]) -> Entry:
    """The entry in a row of the outbox that has what is known of its record beside it."""
    return Entry(
        record_type=record_type,
        record_id=row["record_id"],
        ref=row["ref"],
        generation=row["generation"],
        version=row["version"],
        target_id=row["target_id"],
        target_url=row["target_url"],
        error=None if row["error"] is None else bool(row["error"]),
        message=row["message"],
        changed_at=row["changed_at"],
        attempts=row["attempts"],
        gone_id=None if row["gone_id"] is None else str(row["gone_id"]),
        missed=row["missed"],
        link=None if row["link"] is None else str(row["link"]),
        carries=write_back.carries(
            Carried(row["version"], row["delivered_id"], row["delivered_version"]),
            # Of an id that is none, 0 is told.
            str(row["carried"] or 0) if row["linked"] else None,
        ),
    )


def columns(said: Owed | Entry) -> tuple[str | int | None, ...]:
    """What the source is told: id, URL, error flag, message."""
    return (said.target_id, said.target_url, said.error, said.message)


def identity(one: Entry) -> tuple[str | int | None, ...]:
    """The very entry, told by what it says as well: type, id, generation, and the columns."""
    return (one.record_type, one.record_id, one.generation, *columns(one))
