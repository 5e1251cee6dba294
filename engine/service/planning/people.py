"""People of a plan: what is planned for each, and what has become of it.

It lies in a file of its own, so that the memory it takes does not grow with their number.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.model.fields import Fields
from engine.model.identity import id_of
from engine.model.plan import Change, Kind, Line, RoleEdit
from engine.model.records import RecordType
from engine.service.planning.files import read, told
from engine.service.planning.source import NEW_ID

FILE_NAME = "people.db"
SCHEMA = """
CREATE TABLE change (seq INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, line TEXT NOT NULL);
CREATE INDEX change_of ON change (person_id);
CREATE TABLE planned (fields TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE made (prospect_id INTEGER PRIMARY KEY);
CREATE TABLE told (person_id INTEGER PRIMARY KEY, prospect_id INTEGER);
CREATE TABLE gone (prospect_id INTEGER PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True)
class People:
    """What is planned for people.

    `made` are the prospects that were created for them so far: who shares an address with somebody
    is told theirs, which the plan could not know. `told` is the prospect that somebody's work on
    any record has just told a person to be.
    """

    connection: sqlite3.Connection

    def take_in(self, lines: Iterable[Line]) -> None:
        """Keep what these lines say of people."""
        self.connection.execute("BEGIN")
        for line in lines:
            if not isinstance(line, Change):
                continue
            if line.record_type is RecordType.PERSON:
                self._add(line)
            elif line.kind is Kind.ROLE_ADD and line.reason:
                self._add_gone(line.role)
        self.connection.execute("COMMIT")

    def _add(self, change: Change) -> None:
        self.connection.execute(
            "INSERT INTO change (person_id, line) VALUES (?, ?)",
            (change.record_id, json.dumps(told(change))),
        )
        if change.kind is Kind.PROSPECT:
            self.connection.execute(
                "INSERT INTO planned VALUES (?, 1)"
                " ON CONFLICT (fields) DO UPDATE SET number = number + 1",
                (_spelled({edit.field: edit.after for edit in change.edits}),),
            )

    def _add_gone(self, role: RoleEdit | None) -> None:
        if role is not None and role.prospect_id is not None:
            self.connection.execute("INSERT OR IGNORE INTO gone VALUES (?)", (role.prospect_id,))

    def ids(self, after: int, limit: int) -> list[int]:
        """Those of whom anything is planned, in order, so many behind this one."""
        rows = self.connection.execute(
            "SELECT DISTINCT person_id FROM change WHERE person_id > ? ORDER BY person_id LIMIT ?",
            (after, limit),
        )
        return [row[0] for row in rows]

    def changes(self, person_id: int) -> list[Change]:
        """What is planned for one of them."""
        rows = self.connection.execute(
            "SELECT line FROM change WHERE person_id = ? ORDER BY seq", (person_id,)
        )
        lines = [read(json.loads(row[0])) for row in rows]
        return [line for line in lines if isinstance(line, Change)]

    def creates(self, fields: Fields) -> bool:
        """Whether a prospect with these fields is planned, and not created yet."""
        served = self.connection.execute(
            "UPDATE planned SET number = number - 1 WHERE fields = ? AND number > 0",
            (_spelled(fields),),
        )
        return bool(served.rowcount)

    def told(self, person_id: int, prospect_id: int | None, *, ours: bool) -> bool:
        """Whether it is planned that the person is told so, or flagged."""
        changes = self.changes(person_id)
        if prospect_id is None:
            flags = any(one.kind is Kind.FLAG for one in changes)
            return flags and self._note_told(person_id, None)
        ids = [
            edit.after
            for one in changes
            if one.kind is Kind.WRITE_BACK
            for edit in one.edits
            if edit.field == "id"
        ]
        if ours:
            self.connection.execute("INSERT OR IGNORE INTO made VALUES (?)", (prospect_id,))
        planned = any(
            self._is_made(prospect_id) if after == NEW_ID else id_of(str(after)) == prospect_id
            for after in ids
        )
        return planned and self._note_told(person_id, prospect_id)

    def _note_told(self, person_id: int, prospect_id: int | None) -> bool:
        self.connection.execute(
            "INSERT OR REPLACE INTO told VALUES (?, ?)", (person_id, prospect_id)
        )
        return True

    def is_told(self, person_id: int) -> bool:
        """Whether the person has been told anything since the plan was taken in."""
        row = self.connection.execute("SELECT 1 FROM told WHERE person_id = ?", (person_id,))
        return row.fetchone() is not None

    def prospect(self, person_id: int) -> int | None:
        """The prospect that the person has just been told to be."""
        row = self.connection.execute(
            "SELECT prospect_id FROM told WHERE person_id = ?", (person_id,)
        ).fetchone()
        return None if row is None else row[0]

    def is_gone(self, prospect_id: int | None) -> bool:
        """Whether somebody is planned to find out that there is no such prospect."""
        row = self.connection.execute("SELECT 1 FROM gone WHERE prospect_id = ?", (prospect_id,))
        return row.fetchone() is not None

    def _is_made(self, prospect_id: int) -> bool:
        row = self.connection.execute("SELECT 1 FROM made WHERE prospect_id = ?", (prospect_id,))
        return row.fetchone() is not None


def _spelled(fields: Fields) -> str:
    given = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(given, sort_keys=True)


@contextmanager
def opened(path: Path | None = None) -> Generator[People]:
    """Nobody yet; in a file that goes with its directory, or in memory."""
    name = ":memory:" if path is None else path
    with closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as made:
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        made.executescript(SCHEMA)
        yield People(made)
