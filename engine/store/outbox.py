"""The outbox: what the source is owed, and what became of each delivery."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from engine.records import WriteBack
from engine.store.work import Note, remember


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox with the newest record version known; times in unix seconds.

    `gone_id` is a target id that may be overwritten, because its record does not exist any more.
    """

    record_id: int
    ref: str
    generation: int
    version: int
    target_id: str | None
    target_url: str | None
    error: bool | None
    message: str | None
    changed_at: int
    attempts: int
    gone_id: str | None = None

    def as_write(self) -> WriteBack:
        """The entry in the source port's terms."""
        return WriteBack(
            id=self.record_id,
            version=self.version,
            target_id=self.target_id,
            target_url=self.target_url,
            error=self.error,
            message=self.message,
        )


def due_keys(connection: sqlite3.Connection, now: float, limit: int) -> list[int]:
    """Records with something to deliver now, longest due first."""
    rows = connection.execute(
        "SELECT record_id FROM outbox WHERE due_at <= ? ORDER BY due_at, record_id LIMIT ?",
        (now, limit),
    )
    return [row[0] for row in rows]


def next_due(connection: sqlite3.Connection, now: float) -> float | None:
    """When the next waiting delivery becomes due; None when none waits."""
    return connection.execute("SELECT min(due_at) FROM outbox WHERE due_at > ?", (now,)).fetchone()[
        0
    ]


def load(connection: sqlite3.Connection, record_ids: Sequence[int]) -> list[Entry]:
    """The entries still owed among these records."""
    rows = connection.execute(
        "SELECT o.*, r.ref, r.version, r.gone_id FROM outbox o JOIN record r ON r.id = o.record_id"
        " WHERE o.record_id IN (SELECT value FROM json_each(?))",
        (json.dumps(record_ids),),
    )
    return [
        Entry(
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
        )
        for row in rows
    ]


def delivered(
    connection: sqlite3.Connection, confirmed: Sequence[tuple[Entry, int]], now: float
) -> None:
    """The source holds each entry at the version beside it; those versions are no news."""
    for entry, version in confirmed:
        connection.execute(
            "DELETE FROM outbox WHERE record_id = ? AND generation = ?",
            (entry.record_id, entry.generation),
        )
        # A newer version may have been captured already; it was made on top of ours and shows it.
        connection.execute(
            "UPDATE record SET delivered_id = coalesce(?, delivered_id), delivered_version ="
            " CASE WHEN version <= ? THEN ? ELSE delivered_version END, version = max(version, ?)"
            " WHERE id = ?",
            (entry.target_id, version, version, version, entry.record_id),
        )
        remember(connection, entry.record_id, version, Note("written back", describe(entry)), now)


def postpone(
    connection: sqlite3.Connection, entry: Entry, reason: str, *, due_at: float, counts: bool
) -> None:
    """Deliver again at `due_at`; an entry that changed meanwhile keeps its own time."""
    connection.execute(
        "UPDATE outbox SET due_at = ?, attempts = attempts + ?, reason = ?"
        " WHERE record_id = ? AND generation = ?",
        (due_at, int(counts), reason, entry.record_id, entry.generation),
    )


def withdraw(connection: sqlite3.Connection, entry: Entry, note: Note, now: float) -> None:
    """The entry is void: the record now carries something that is not ours to overwrite."""
    connection.execute(
        "DELETE FROM outbox WHERE record_id = ? AND generation = ?",
        (entry.record_id, entry.generation),
    )
    remember(connection, entry.record_id, entry.version, note, now)


def describe(entry: Entry) -> str:
    """What an entry tells the source, for a person."""
    parts: list[str] = []
    if entry.target_id is not None:
        parts.append(f"id {entry.target_id}")
    if entry.target_url is not None:
        parts.append("URL")
    if entry.error is not None:
        parts.append("error flag set" if entry.error else "error flag cleared")
    return ", ".join(parts) or "nothing"
