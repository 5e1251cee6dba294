"""The overlay: what a rehearsal would have written, and the lines of its plan.

It lies in a file of its own, so that the memory a rehearsal takes does not grow with what it finds.
Ids that a system would give are invented; each is greater than any real one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.plan import Kind
from engine.model.records import ProspectMatch, RecordType, Role

# No system counts so far; JSON and SQLite both hold it exactly.
INVENTED = 8_000_000_000_000_000

# What would be in both systems; `seen` is what really is, where the run itself has read it.
SCHEMA = """
CREATE TABLE seen (id INTEGER PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE opportunity (id INTEGER PRIMARY KEY, fields TEXT NOT NULL, gone INTEGER NOT NULL);
CREATE TABLE prospect (id INTEGER PRIMARY KEY, emails TEXT NOT NULL);
CREATE TABLE prospect_email (email TEXT NOT NULL, id INTEGER NOT NULL);
CREATE INDEX by_email ON prospect_email (email);
CREATE TABLE role (id INTEGER PRIMARY KEY, target_id INTEGER, prospect_id INTEGER,
    text TEXT NOT NULL, gone INTEGER NOT NULL);
CREATE INDEX by_target ON role (target_id);
CREATE TABLE written (record_type TEXT, id INTEGER, base INTEGER NOT NULL, version INTEGER NOT NULL,
    target_id TEXT, target_url TEXT, error INTEGER, PRIMARY KEY (record_type, id));
"""
_CHANGES = """
CREATE TABLE change (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, record_type TEXT NOT NULL,
    record_id INTEGER, version INTEGER, target_id INTEGER, edits TEXT NOT NULL, role TEXT,
    reason TEXT, code TEXT, held INTEGER NOT NULL, overwrites INTEGER NOT NULL);
"""


class Written(NamedTuple):
    """What a record of the source would carry by now.

    Args:
        base: the version it really has.
    """

    base: int
    version: int
    target_id: str | None
    target_url: str | None
    error: bool | None


@dataclass(slots=True)
class Overlay:
    """One rehearsal's; `held` while what is rehearsed is what the fuse would hold.

    `unlooked` counts the updates before which nobody looked at the target record.
    """

    connection: sqlite3.Connection
    held: bool = False
    changes: int = 0
    unlooked: int = 0
    _next_id: int = field(default=INVENTED, init=False)

    def invented(self) -> int:
        """An id that nobody has."""
        self._next_id += 1
        return self._next_id

    def note(
        self,
        kind: Kind,
        record_type: RecordType,
        record_id: int | None,
        *,
        version: int | None = None,
        target_id: int | None = None,
        edits: Sequence[Edit] = (),
        role: Mapping[str, Any] | None = None,
        reason: str | None = None,
        code: str | None = None,
        overwrites: bool = False,
    ) -> None:
        """Add a line to the plan."""
        self.changes += 1
        spelled = json.dumps([[edit.field, edit.before, edit.after] for edit in edits])
        self.connection.execute(
            "INSERT INTO change (kind, record_type, record_id, version, target_id, edits, role,"
            " reason, code, held, overwrites) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kind,
                record_type,
                record_id,
                version,
                target_id,
                spelled,
                None if role is None else json.dumps(role),
                reason,
                code,
                self.held,
                overwrites,
            ),
        )

    # Opportunities of the target.

    def opportunity(self, target_id: int) -> tuple[dict[str, Any], bool] | None:
        """What would have been written of it, and whether it would be gone."""
        row = self.connection.execute(
            "SELECT fields, gone FROM opportunity WHERE id = ?", (target_id,)
        ).fetchone()
        return None if row is None else (json.loads(row[0]), bool(row[1]))

    def write_opportunity(self, target_id: int, fields: Fields, *, gone: bool = False) -> None:
        """These fields of it are written."""
        known = self.opportunity(target_id)
        merged = {**(known[0] if known else {}), **fields}
        self.connection.execute(
            "INSERT OR REPLACE INTO opportunity VALUES (?, ?, ?)",
            (target_id, json.dumps(merged), gone),
        )

    def keep_seen(self, target_id: int, fields: Fields) -> None:
        """It was read just now."""
        self.connection.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?)", (target_id, json.dumps(dict(fields)))
        )

    def seen(self, target_id: int) -> dict[str, Any]:
        """What was read of it last; nothing where nobody did."""
        row = self.connection.execute(
            "SELECT fields FROM seen WHERE id = ?", (target_id,)
        ).fetchone()
        return {} if row is None else json.loads(row[0])

    # Prospects.

    def write_prospect(self, prospect_id: int, emails: Sequence[str]) -> None:
        """It is created."""
        self.connection.execute(
            "INSERT INTO prospect VALUES (?, ?)", (prospect_id, json.dumps(list(emails)))
        )
        self.connection.executemany(
            "INSERT INTO prospect_email VALUES (?, ?)",
            [(email.lower(), prospect_id) for email in emails],
        )

    def prospects(self, emails: Sequence[str]) -> list[ProspectMatch]:
        """Those made here with any of these addresses."""
        rows = self.connection.execute(
            "SELECT DISTINCT p.id, p.emails FROM prospect_email e JOIN prospect p ON p.id = e.id"
            " WHERE e.email IN (SELECT value FROM json_each(?)) ORDER BY p.id",
            (json.dumps([email.lower() for email in emails]),),
        )
        return [ProspectMatch(row[0], tuple(json.loads(row[1]))) for row in rows]

    # Roles.

    def write_role(self, role: Role, target_id: int | None, *, gone: bool = False) -> None:
        """It is created, changed or removed."""
        self.connection.execute(
            "INSERT OR REPLACE INTO role VALUES (?, ?, ?, ?, ?)",
            (role.id, target_id, role.prospect_id, role.role, gone),
        )

    def role(self, role_id: int) -> tuple[Role, bool] | None:
        """A role that was written here, and whether it would be gone."""
        row = self.connection.execute("SELECT * FROM role WHERE id = ?", (role_id,)).fetchone()
        return None if row is None else (Role(row[0], row[2], row[3]), bool(row[4]))

    def made_roles(self, target_id: int) -> list[Role]:
        """Those made here on an opportunity."""
        rows = self.connection.execute(
            "SELECT * FROM role WHERE target_id = ? AND NOT gone AND id > ? ORDER BY id",
            (target_id, INVENTED),
        )
        return [Role(row[0], row[2], row[3]) for row in rows]

    # Records of the source.

    def written(self, record_type: RecordType, record_id: int) -> Written | None:
        """What would have been written back to a record."""
        row = self.connection.execute(
            "SELECT base, version, target_id, target_url, error FROM written"
            " WHERE record_type = ? AND id = ?",
            (record_type, record_id),
        ).fetchone()
        if row is None:
            return None
        return Written(row[0], row[1], row[2], row[3], None if row[4] is None else bool(row[4]))

    def write_back(self, record_type: RecordType, record_id: int, written: Written) -> None:
        """It carries that from now on."""
        self.connection.execute(
            "INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record_type, record_id, *written),
        )


@contextmanager
def opened(path: Path) -> Generator[Overlay]:
    """An empty overlay in a file that goes with its directory."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as made:
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        made.executescript(SCHEMA + _CHANGES)
        yield Overlay(made)
