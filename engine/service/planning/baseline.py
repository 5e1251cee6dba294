"""The baseline: what the state knew before a rehearsal, and what its copy knows by now."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from engine.model.records import RecordType, Role


@dataclass(frozen=True, slots=True)
class Baseline:
    """Reads the copy, in which `base` keeps what was there at the beginning.

    Args:
        copy: a connection that only reads.
    """

    copy: sqlite3.Connection
    overlay: sqlite3.Connection

    def keep(self) -> None:
        """Keep what is known of the target now."""
        self.overlay.execute(
            "CREATE TABLE base (record_id INTEGER PRIMARY KEY, target_id INTEGER, synced TEXT)"
        )
        rows = self.copy.execute(
            "SELECT id, target_id, synced FROM record WHERE target_id IS NOT NULL"
        )
        self.overlay.execute("BEGIN")
        self.overlay.executemany("INSERT INTO base VALUES (?, ?, ?)", (tuple(row) for row in rows))
        self.overlay.execute("COMMIT")
        self.overlay.execute("CREATE INDEX base_target ON base (target_id)")

    def synced(self, target_id: int) -> dict[str, Any] | None:
        """What it was known to hold; None of one that was not ours, or not known."""
        row = self.overlay.execute(
            "SELECT synced FROM base WHERE target_id = ?", (target_id,)
        ).fetchone()
        return None if row is None or row[0] is None else json.loads(row[0])

    def version(self, record_id: int | None) -> int | None:
        """The version of a record that is decided on."""
        row = self.copy.execute("SELECT version FROM record WHERE id = ?", (record_id,)).fetchone()
        return None if row is None else row[0]

    def role(self, role_id: int) -> tuple[int | None, Role | None]:
        """The opportunity of a role, and the role as it is known."""
        row = self.copy.execute(
            "SELECT target_id, prospect_id, role FROM role WHERE id = ?", (role_id,)
        ).fetchone()
        return (None, None) if row is None else (row[0], Role(role_id, row[1], row[2]))

    def reason_code(self, record_type: RecordType, record_id: int) -> str | None:
        """The code of why a record is refused."""
        table = "person" if record_type is RecordType.PERSON else "record"
        row = self.copy.execute(
            f"SELECT reason_code FROM {table} WHERE id = ?",  # noqa: S608 # names above
            (record_id,),
        ).fetchone()
        return None if row is None else row[0]
