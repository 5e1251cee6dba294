"""What is read of both systems for an adoption, laid side by side in a file of its own.

So the memory that it takes does not grow with what there is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.model.adoption import Present
from engine.model.fields import Fields

SCHEMA = """
CREATE TABLE ours (id INTEGER PRIMARY KEY, ref TEXT NOT NULL, version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, flagged INTEGER NOT NULL, carried TEXT, carried_id INTEGER,
    url TEXT, correlation TEXT, alike TEXT, fields TEXT, fault TEXT, code TEXT, state TEXT,
    open INTEGER NOT NULL DEFAULT 0);
CREATE INDEX ours_carried ON ours (carried_id) WHERE carried_id IS NOT NULL;
CREATE TABLE theirs (id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, trashed INTEGER NOT NULL,
    correlation TEXT, alike TEXT, fields TEXT NOT NULL);
CREATE INDEX theirs_correlation ON theirs (correlation) WHERE correlation IS NOT NULL;
CREATE INDEX theirs_alike ON theirs (alike) WHERE alike IS NOT NULL AND correlation IS NULL;
CREATE TABLE claimed (target_id INTEGER PRIMARY KEY, record_id INTEGER NOT NULL, since REAL);
CREATE TABLE share (target_id INTEGER PRIMARY KEY, record_id INTEGER NOT NULL);
CREATE INDEX share_record ON share (record_id);
"""
_PRESENT = "SELECT id, created_at, trashed, correlation, alike FROM theirs"
# Those of other records: by the word of the source, or of our own state.
_OTHERS = (
    "SELECT value FROM json_each(?) AS one WHERE EXISTS"
    " (SELECT 1 FROM ours WHERE carried_id = one.value AND id <> ?)"
    " OR EXISTS (SELECT 1 FROM claimed c WHERE c.target_id = one.value AND c.record_id <> ?)"
    " OR EXISTS (SELECT 1 FROM share s WHERE s.target_id = one.value AND s.record_id <> ?)"
)


@dataclass(frozen=True, slots=True)
class Ours:
    """A ticked record of the source.

    Args:
        carried: the target id that it carries, as it stands there; `carried_id` as a number.
        correlation: what its target record would carry.
        fields: what its target record shall hold; None where `fault` says why that cannot be told.
        state: what our own state says of it, where that settles it.
    """

    id: int
    ref: str
    version: int
    updated_at: int
    flagged: bool
    carried: str | None
    carried_id: int | None
    url: str | None
    correlation: str | None
    alike: str | None
    fields: Fields | None
    fault: str | None = None
    code: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Laid:
    """Both sides, while they are compared."""

    connection: sqlite3.Connection

    def add_theirs(self, rows: Iterable[tuple[Present, Fields]]) -> None:
        """Lay down target records."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO theirs VALUES (?, ?, ?, ?, ?, ?)",
            [
                (one.id, one.created_at, one.trashed, one.correlation, one.alike, _spelled(fields))
                for one, fields in rows
            ],
        )

    def add_ours(self, rows: Iterable[Ours]) -> None:
        """Lay down source records; the later reading of one is the newer one."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO ours (id, ref, version, updated_at, flagged, carried,"
            " carried_id, url, correlation, alike, fields, fault, code, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(one.id, one.ref, one.version, one.updated_at, one.flagged),
                    *(one.carried, one.carried_id, one.url, one.correlation, one.alike),
                    *(None if one.fields is None else _spelled(one.fields), one.fault, one.code),
                    one.state,
                )
                for one in rows
            ],
        )

    def add_claims(self, rows: Iterable[Sequence[float]]) -> None:
        """Lay down what our own state knows: target id, record id, since."""
        self.connection.executemany("INSERT OR REPLACE INTO claimed VALUES (?, ?, ?)", rows)

    def note_open(self) -> None:
        """Both sides are complete: which source records nothing names a target record for."""
        self.connection.execute(
            "UPDATE ours SET open = 1 WHERE coalesce(carried, '') = '' AND state IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM theirs t WHERE t.correlation = ours.correlation"
            " AND NOT t.trashed)"
        )
        self.connection.execute(
            "CREATE INDEX ours_open ON ours (alike) WHERE open AND alike IS NOT NULL"
        )

    def groups(self) -> list[str]:
        """What several open records, or several target records, may have in common."""
        rows = self.connection.execute(
            "SELECT DISTINCT o.alike FROM ours o WHERE o.open AND o.alike IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM theirs t WHERE t.alike = o.alike AND t.correlation IS NULL"
            " AND NOT t.trashed)"
        )
        return [row[0] for row in rows]

    def open_of(self, alike: str) -> list[int]:
        """The open records of such a group, by id."""
        rows = self.connection.execute(
            "SELECT id FROM ours WHERE open AND alike = ? ORDER BY id", (alike,)
        )
        return [row[0] for row in rows]

    def share_out(self, record_id: int, targets: Iterable[Present]) -> None:
        """These are looked at for this record alone."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO share VALUES (?, ?)", [(one.id, record_id) for one in targets]
        )

    def shared_with(self, record_id: int) -> list[Present]:
        """Those that are looked at for this record."""
        return self._present(
            f"{_PRESENT} JOIN share s ON s.target_id = theirs.id WHERE s.record_id = ?", record_id
        )

    def all_ours(self) -> Generator[Ours]:
        """Record by record."""
        rows = self.connection.execute("SELECT * FROM ours ORDER BY id")
        for row in rows:
            yield _ours(row)

    def carriers(self, target_id: int) -> list[Ours]:
        """The records that carry this id."""
        rows = self.connection.execute(
            "SELECT * FROM ours WHERE carried_id = ? ORDER BY id", (target_id,)
        )
        return [_ours(row) for row in rows]

    def claim(self, target_id: int) -> tuple[int, float] | None:
        """The record that it belongs to by our own state, and since when."""
        return self.connection.execute(
            "SELECT record_id, since FROM claimed WHERE target_id = ?", (target_id,)
        ).fetchone()

    def target(self, target_id: int) -> tuple[Present, Fields] | None:
        """A target record, with what it holds."""
        row = self.connection.execute("SELECT * FROM theirs WHERE id = ?", (target_id,)).fetchone()
        return None if row is None else (_present(row), json.loads(row["fields"]))

    def referring(self, correlation: str | None) -> list[Present]:
        """Target records that carry this reference."""
        return (
            []
            if correlation is None
            else self._present(f"{_PRESENT} WHERE correlation = ?", correlation)
        )

    def like(self, alike: str | None) -> list[Present]:
        """Target records with these values, and no reference at all."""
        if alike is None:
            return []
        return self._present(f"{_PRESENT} WHERE alike = ? AND correlation IS NULL", alike)

    def of_others(self, targets: Sequence[Present], record_id: int) -> set[int]:
        """Those of these that belong to other records."""
        ids = json.dumps([one.id for one in targets])
        rows = self.connection.execute(_OTHERS, (ids, record_id, record_id, record_id))
        return {row[0] for row in rows}

    def _present(self, query: str, value: object) -> list[Present]:
        return [_present(row) for row in self.connection.execute(query, (value,))]


def _present(row: sqlite3.Row) -> Present:
    return Present(
        row["id"], row["created_at"], bool(row["trashed"]), row["correlation"], row["alike"]
    )


def _ours(row: sqlite3.Row) -> Ours:
    fields = None if row["fields"] is None else json.loads(row["fields"])
    return Ours(
        *(row["id"], row["ref"], row["version"], row["updated_at"], bool(row["flagged"])),
        *(row["carried"], row["carried_id"], row["url"], row["correlation"], row["alike"]),
        *(fields, row["fault"], row["code"], row["state"]),
    )


def _spelled(fields: Fields) -> str:
    return json.dumps(dict(fields), separators=(",", ":"))


@contextmanager
def opened(path: Path) -> Generator[Laid]:
    """An empty one, in a file that goes with its directory."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as made:
        made.row_factory = sqlite3.Row
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        made.executescript(SCHEMA)
        yield Laid(made)
