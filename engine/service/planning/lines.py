"""The lines of a rehearsal's plan, in the order of the records, one by one out of its files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from engine.model.edit import Edit
from engine.model.plan import Change, Kind, RoleEdit
from engine.model.records import RecordType
from engine.service.planning.overlay import INVENTED

_REF = "SELECT ref, version FROM {table} WHERE id = ?"
_NOBODY = ("?", None)


def adoptions(overlay: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Add a line for each target record that was nobody's before and is a record's own by now."""
    # Made once all is noted: each record's lines are looked up.
    overlay.execute("CREATE INDEX change_of ON change (record_type, record_id)")
    rows = copy.execute("SELECT id, version, target_id FROM record WHERE target_id IS NOT NULL")
    for record_id, version, target_id in rows:
        if target_id > INVENTED:
            continue
        known = overlay.execute(
            "SELECT target_id FROM base WHERE record_id = ?", (record_id,)
        ).fetchone()
        if known is not None and known[0] == target_id:
            continue
        held, decided_on = overlay.execute(
            "SELECT coalesce(max(held), 0), min(version) FROM change"
            " WHERE record_type = 'opportunity' AND record_id = ?",
            (record_id,),
        ).fetchone()
        overlay.execute(
            "INSERT INTO change (kind, record_type, record_id, version, target_id, edits, held,"
            " overwrites) VALUES (?, 'opportunity', ?, ?, ?, '[]', ?, 0)",
            # What is written back moves the version.
            (
                *(Kind.ADOPT, record_id, version if decided_on is None else decided_on),
                *(target_id, held),
            ),
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """Reads both files of a rehearsal that has ended."""

    overlay: sqlite3.Connection
    copy: sqlite3.Connection

    def all(self) -> Generator[Change]:
        """Every change, those of one record together."""
        self._name_prospects()
        rows = self.overlay.execute(
            "SELECT * FROM change ORDER BY record_type, record_id, kind <> 'adopt', seq"
        )
        rows.row_factory = sqlite3.Row
        for row in rows:
            yield self.change(row)

    def _name_prospects(self) -> None:
        """Whose a prospect is, is known only since the answer was kept."""
        rows = self.overlay.execute("SELECT seq, target_id FROM change WHERE record_id IS NULL")
        for seq, prospect_id in rows.fetchall():
            person = self.copy.execute(
                "SELECT id FROM person WHERE prospect_id = ? ORDER BY id", (prospect_id,)
            ).fetchone()
            if person is not None:
                self.overlay.execute(
                    "UPDATE change SET record_id = ? WHERE seq = ?", (person[0], seq)
                )

    def change(self, row: sqlite3.Row) -> Change:
        """The line in this row."""
        record_type = RecordType(row["record_type"])
        ref, version = self._named(record_type, row["record_id"])
        edits = tuple(Edit(*one) for one in json.loads(row["edits"]))
        return Change(
            Kind(row["kind"]),
            record_type,
            row["record_id"] or 0,
            ref,
            version if row["version"] is None else row["version"],
            _real(row["target_id"]),
            edits,
            None if row["role"] is None else self._role(json.loads(row["role"]), row["record_id"]),
            row["reason"],
            row["code"],
            bool(row["held"]),
            bool(row["overwrites"]),
        )

    def _named(self, record_type: RecordType, record_id: int | None) -> tuple[str, int | None]:
        table = "person" if record_type is RecordType.PERSON else "record"
        row = self.copy.execute(_REF.format(table=table), (record_id,)).fetchone()
        return _NOBODY if row is None else (row[0], row[1])

    def _role(self, role: dict[str, Any], record_id: int | None) -> RoleEdit:
        person = self.copy.execute(
            "SELECT id, ref FROM person WHERE prospect_id = ? ORDER BY id NOT IN"
            " (SELECT person_id FROM tab_person WHERE record_id = ?), id",
            (role["prospect"], record_id),
        ).fetchone()
        return RoleEdit(
            _real(role["id"]),
            _real(role["prospect"]),
            None if person is None else person[0],
            None if person is None else person[1],
            role["before"],
            role["after"],
        )


def _real(number: int | None) -> int | None:
    return None if number is None or number > INVENTED else number
