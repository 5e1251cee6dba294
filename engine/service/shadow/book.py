"""The book of a service that only looks: what it would have sent, and what both systems would hold.

It outlives the process, in a file beside the state. Of one record there is one line for each thing
that would be done to it: what follows is written into the line that is there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.clock import Clock
from engine.decide.shadow import merged
from engine.errors import StateUnusable
from engine.model.edit import Edit
from engine.model.plan import Kind
from engine.model.records import RecordType
from engine.model.shadow import Outcome, There
from engine.service.planning.overlay import INVENTED, SCHEMA, Overlay

FILE_NAME = "shadow.db"
# Moves with every change of the tables.
_VERSION = 1
_LINES = """
CREATE TABLE line (seq INTEGER PRIMARY KEY, since REAL NOT NULL, kind TEXT NOT NULL,
    record_type TEXT NOT NULL, record_id INTEGER, version INTEGER, target_id INTEGER,
    edits TEXT NOT NULL, role_id INTEGER, role TEXT, reason TEXT, code TEXT,
    overwrites INTEGER NOT NULL, outcome TEXT NOT NULL, seen_at REAL,
    there TEXT NOT NULL DEFAULT '[]', remark TEXT);
CREATE INDEX by_record ON line (record_type, record_id);
CREATE INDEX by_outcome ON line (outcome, seen_at);
CREATE TABLE alias (invented INTEGER PRIMARY KEY, real INTEGER NOT NULL);
CREATE TABLE fact (name TEXT PRIMARY KEY, number REAL NOT NULL);
"""
_ONE_OF_A_RECORD = (Kind.CREATE, Kind.FLAG, Kind.UNFLAG)
SINCE, HELD, LAST_ID = "since", "held", "last_id"


@dataclass(slots=True)
class Book(Overlay):
    """One pair's; each write is kept at once."""

    clock: Clock = field(kw_only=True)

    def invented(self) -> int:
        """An id that nobody has, or ever had here."""
        last = int(self.fact(LAST_ID) or INVENTED) + 1
        self.set_fact(LAST_ID, last)
        return last

    # Facts and aliases.

    def fact(self, name: str) -> float | None:
        """A number that was kept."""
        row = self.connection.execute("SELECT number FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def set_fact(self, name: str, number: float) -> None:
        """Keep a number."""
        self.connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, number))

    def alias(self, invented: int, real: int) -> None:
        """What would have been made here has been made by somebody else, under this id."""
        self.connection.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (invented, real))

    def real(self, number: int | None) -> int | None:
        """The id by which it is really there; None where it is not."""
        if number is None or number <= INVENTED:
            return number
        row = self.connection.execute(
            "SELECT real FROM alias WHERE invented = ?", (number,)
        ).fetchone()
        return None if row is None else row[0]

    def created(self, name: str, values: Sequence[str]) -> dict[str, int]:
        """Opportunities that would have been created, by what this field holds."""
        rows = self.connection.execute(
            "SELECT json_extract(fields, ?) AS value, max(id) FROM opportunity"
            " WHERE id > ? AND NOT gone AND value IN (SELECT value FROM json_each(?))"
            " GROUP BY value",
            (f'$."{name}"', INVENTED, json.dumps(list(values))),
        )
        return {row[0]: row[1] for row in rows}

    # Lines.

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
        """Write down what would have been sent."""
        role_id = None if role is None else role["id"]
        if self._within_another(kind, target_id, edits, role):
            return
        kept = self._open(kind, record_type, record_id, target_id, role_id)
        since = self.clock.now()
        if kept is not None:
            since = kept["since"]
            edits = merged(_edits(kept["edits"]), edits)
            self._remove(kept["seq"])
            if kind in (Kind.UPDATE, Kind.WRITE_BACK) and not edits:
                return
        if kind is Kind.UNFLAG and self._cancelled(Kind.FLAG, record_type, record_id):
            return
        self.connection.execute(
            "INSERT INTO line (since, kind, record_type, record_id, version, target_id, edits,"
            " role_id, role, reason, code, overwrites, outcome)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                since,
                kind,
                record_type,
                record_id,
                version,
                target_id,
                _spelled(edits),
                role_id,
                None if role is None else json.dumps(role),
                reason,
                code,
                overwrites,
                Outcome.NOT_DONE,
            ),
        )

    def _within_another(
        self,
        kind: Kind,
        target_id: int | None,
        edits: Sequence[Edit],
        role: Mapping[str, Any] | None,
    ) -> bool:
        """What concerns something that would have been made here belongs to its line."""
        if role is not None and (role["id"] or 0) > INVENTED:
            made = self._made("role_id", role["id"])
            if made is not None and kind is Kind.ROLE_CHANGE:
                text = json.dumps(json.loads(made["role"]) | {"after": role["after"]})
                self.connection.execute(
                    "UPDATE line SET role = ? WHERE seq = ?", (text, made["seq"])
                )
            elif made is not None and kind is Kind.ROLE_REMOVE:
                self._remove(made["seq"])
            return kind is not Kind.ROLE_ADD
        if target_id is None or target_id <= INVENTED or kind not in (Kind.UPDATE, Kind.REMOVE):
            return False
        made = self._made("target_id", target_id)
        if made is not None and kind is Kind.REMOVE:
            self._remove(made["seq"])
        elif made is not None:
            whole = merged(_edits(made["edits"]), edits)
            self.connection.execute(
                "UPDATE line SET edits = ? WHERE seq = ?", (_spelled(whole), made["seq"])
            )
        return True

    def _made(self, column: str, number: int) -> sqlite3.Row | None:
        kinds = (Kind.CREATE, Kind.ROLE_ADD)
        return self.connection.execute(
            f"SELECT * FROM line WHERE {column} = ? AND kind IN (?, ?)"  # noqa: S608 # names above
            " ORDER BY kind <> 'create'",
            (number, *kinds),
        ).fetchone()

    def _open(
        self,
        kind: Kind,
        record_type: RecordType,
        record_id: int | None,
        target_id: int | None,
        role_id: int | None,
    ) -> sqlite3.Row | None:
        """The line of the same thing of the same record, which nobody else has done."""
        return self.connection.execute(
            "SELECT * FROM line WHERE kind = ? AND record_type = ? AND record_id = ?"
            " AND outcome <> ? AND (? OR target_id IS ?) AND role_id IS ?",
            (
                kind,
                record_type,
                record_id,
                Outcome.DONE,
                kind in _ONE_OF_A_RECORD,
                target_id,
                role_id,
            ),
        ).fetchone()

    def _cancelled(self, kind: Kind, record_type: RecordType, record_id: int | None) -> bool:
        """Whether the opposite would have been sent before, so that both come to nothing."""
        former = self._open(kind, record_type, record_id, None, None)
        if former is not None:
            self._remove(former["seq"])
        return former is not None

    def forget(self, line: sqlite3.Row) -> None:
        """It would not be sent any more: what takes its place is decided anew."""
        self._remove(line["seq"])

    def _remove(self, seq: int) -> None:
        self.connection.execute("DELETE FROM line WHERE seq = ?", (seq,))

    # Comparing.

    def to_compare(self, kinds: Sequence[Kind], limit: int) -> list[sqlite3.Row]:
        """What nobody has done yet, as far as is known; what was compared longest ago first."""
        return self.connection.execute(
            "SELECT * FROM line WHERE outcome <> ? AND kind IN (SELECT value FROM json_each(?))"
            " ORDER BY seen_at, seq LIMIT ?",
            (Outcome.DONE, json.dumps(kinds), limit),
        ).fetchall()

    def compared(
        self,
        line: sqlite3.Row,
        outcome: Outcome,
        there: Sequence[There] = (),
        remark: str | None = None,
    ) -> bool:
        """Keep what has become of it; False when the line has changed meanwhile."""
        changed = self.connection.execute(
            "UPDATE line SET outcome = ?, seen_at = ?, there = ?, remark = ?"
            " WHERE seq = ? AND edits = ? AND role IS ?",
            (
                outcome,
                self.clock.now(),
                json.dumps([[one.field, one.now] for one in there]),
                remark,
                line["seq"],
                line["edits"],
                line["role"],
            ),
        ).rowcount
        return bool(changed)

    def name(self, line: sqlite3.Row, record_id: int) -> None:
        """Whose it is has become known."""
        self.connection.execute(
            "UPDATE line SET record_id = ? WHERE seq = ?", (record_id, line["seq"])
        )

    def settle_opportunity(self, target_id: int) -> None:
        """It really holds what would have been written: what is read of it counts again."""
        self.connection.execute("DELETE FROM opportunity WHERE id = ?", (target_id,))

    def settle_role(self, role_id: int) -> None:
        """The same of a role that was there before."""
        self.connection.execute("DELETE FROM role WHERE id = ?", (role_id,))


def _edits(text: str) -> tuple[Edit, ...]:
    return tuple(Edit(*one) for one in json.loads(text))


def _spelled(edits: Sequence[Edit]) -> str:
    return json.dumps([[edit.field, edit.before, edit.after] for edit in edits])


@contextmanager
def opened(path: Path, clock: Clock) -> Generator[Book]:
    """The book in this file, begun anew where there is none.

    Raises:
        StateUnusable: it cannot be used.
    """
    with closing(_connected(path)) as connection:
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _prepare(path, connection)
        book = Book(connection, clock=clock)
        if book.fact(SINCE) is None:
            book.set_fact(SINCE, clock.now())
        yield book


def _connected(path: Path) -> sqlite3.Connection:
    class Connection(sqlite3.Connection):
        """Tells of a file that cannot be used in the engine's own words, whoever meets it."""

        def execute(self, *words: Any) -> sqlite3.Cursor:
            try:
                return super().execute(*words)
            except sqlite3.Error as error:
                raise _unusable(path, str(error)) from error

    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Connection
        )
    except sqlite3.Error as error:
        raise _unusable(path, str(error)) from error
    connection.row_factory = sqlite3.Row
    return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if not version:
        connection.executescript(
            f"BEGIN; {SCHEMA} {_LINES} PRAGMA user_version = {_VERSION}; COMMIT;"
        )
    elif version != _VERSION:
        raise _unusable(path, "it was written by another version of wosync")


def _unusable(path: Path, why: str) -> StateUnusable:
    return StateUnusable(
        f"{path} cannot be used: {why}",
        remedy=f"see that there is room, or move {path.parent} away while the service is stopped,"
        " and start again: it begins anew, and nothing of the real state lies there",
    )
