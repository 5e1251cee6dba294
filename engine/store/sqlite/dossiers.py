"""All that the state holds of one record."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence

from engine.decide.reasons import cause
from engine.decide.skipping import skipped
from engine.model.claim import Claim
from engine.model.dossier import TABS_COUNTED, TABS_TOLD, Dossier, Owing, PersonDossier, TabDossier
from engine.model.intent import IntentKind
from engine.model.named import Named
from engine.model.pointer import Pointer, Side
from engine.model.records import RecordType
from engine.model.report import HistoryLine
from engine.model.states import State
from engine.store.rows import dossiers as rows
from engine.store.rows.dossiers import TABLES
from engine.store.sqlite import blanks, intents, journal, people, refusals, report, work
from engine.store.sqlite.awaited import PERSON
from engine.store.sqlite.rows import by_name


def find(connection: sqlite3.Connection, pointers: Sequence[Pointer]) -> list[Named]:
    """See `Dossiers.find`."""
    found: dict[tuple[RecordType, int], Named] = {}
    for pointer in pointers:
        for one in _pointed_at(connection, pointer):
            found.setdefault((one.record_type, one.id), one)
    return list(found.values())


def _pointed_at(connection: sqlite3.Connection, pointer: Pointer) -> Iterator[Named]:
    table, (column, value) = TABLES[pointer.record_type], rows.looked_for(pointer)
    found = connection.execute(
        f"SELECT id, ref FROM {table} WHERE {column} = ? ORDER BY id",  # noqa: S608 # names of ours
        (value,),
    )
    for row in found:
        yield Named(pointer.record_type, row[0], row[1])


def alike(connection: sqlite3.Connection, pointers: Sequence[Pointer], limit: int) -> list[Named]:
    """See `Dossiers.alike`."""
    found: list[Named] = []
    for pointer in pointers:
        if pointer.side is Side.TARGET:
            continue
        column, meant = rows.meant(pointer)
        # By an index, so that it stays cheap beside any number of records.
        near = connection.execute(
            f"SELECT r.id, r.ref FROM json_each(?) m CROSS JOIN {TABLES[pointer.record_type]} r"  # noqa: S608 # names of ours
            f" ON r.{column} = m.value ORDER BY m.key LIMIT ?",
            (json.dumps(meant), limit),
        )
        found += [Named(pointer.record_type, row[0], row[1]) for row in near]
    return found[:limit]


def of_opportunity(connection: sqlite3.Connection, record_id: int) -> Dossier | None:
    """See `Dossiers.of_opportunity`."""
    known = work.known(connection, record_id)
    row = connection.execute("SELECT * FROM record WHERE id = ?", (record_id,)).fetchone()
    if known is None or row is None:
        return None
    on_tab = connection.execute(
        "SELECT person_id FROM tab_person WHERE record_id = ?", (record_id,)
    ).fetchall()
    waits = connection.execute(
        "SELECT kind, name FROM awaited WHERE record_id = ? AND kind <> ?", (record_id, PERSON)
    ).fetchall()
    return Dossier(
        known,
        State(row["state"]),
        row["due_at"],
        row["captured_at"],
        rows.cause(by_name(row)),
        row["carried"],
        bool(row["flagged"]),
        _owing(connection, RecordType.OPPORTUNITY, record_id),
        _owner(connection, record_id, row["carried"] or known.target_id),
        _tab(connection, record_id),
        tuple((one[0], one[1]) for one in waits),
        tuple(people.load(connection, [one[0] for one in on_tab]).values()),
        _history(connection, RecordType.OPPORTUNITY, record_id, row["ref"]),
        refusals.basis_of(connection, record_id),
        blanks.of_record(connection, record_id),
    )


def of_person(connection: sqlite3.Connection, person_id: int) -> PersonDossier | None:
    """See `Dossiers.of_person`."""
    known = people.load(connection, [person_id]).get(person_id)
    row = connection.execute("SELECT * FROM person WHERE id = ?", (person_id,)).fetchone()
    on = connection.execute(
        "SELECT r.id, r.ref FROM tab_person t JOIN record r ON r.id = t.record_id"
        " WHERE t.person_id = ? ORDER BY t.record_id LIMIT ?",
        (person_id, TABS_TOLD),
    ).fetchall()
    (number,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM tab_person WHERE person_id = ? LIMIT ?)",
        (person_id, TABS_COUNTED + 1),
    ).fetchone()
    if known is None or row is None:
        return None
    return PersonDossier(
        known,
        rows.cause(by_name(row)) if known.skip is None else cause(skipped(known.skip)),
        _owing(connection, RecordType.PERSON, person_id),
        tuple(Named(RecordType.OPPORTUNITY, one[0], one[1]) for one in on),
        number,
        _history(connection, RecordType.PERSON, person_id, row["ref"]),
    )


def _owner(connection: sqlite3.Connection, record_id: int, target_id: int | None) -> Claim | None:
    row = connection.execute(
        "SELECT r.id, r.ref, c.since FROM claim c JOIN record r ON r.id = c.record_id"
        " WHERE c.target_id = ? AND c.record_id <> ?",
        (target_id, record_id),
    ).fetchone()
    return None if row is None else Claim(row[0], row[1], row[2], owed=False)


def _owing(connection: sqlite3.Connection, record_type: RecordType, record_id: int) -> Owing | None:
    row = connection.execute(
        "SELECT * FROM outbox WHERE record_type = ? AND record_id = ?", (record_type, record_id)
    ).fetchone()
    return None if row is None else rows.owing(by_name(row))


def _tab(connection: sqlite3.Connection, record_id: int) -> TabDossier | None:
    row = connection.execute(
        "SELECT * FROM people_tab WHERE record_id = ?", (record_id,)
    ).fetchone()
    if row is None:
        return None
    intent = intents.of(connection, IntentKind.ROLE, record_id)
    waits = connection.execute(
        "SELECT name FROM awaited WHERE record_id = ? AND kind = ?", (record_id, PERSON)
    )
    return rows.tab(by_name(row), intent, (one[0] for one in waits))


def _history(
    connection: sqlite3.Connection, record_type: RecordType, record_id: int, ref: str
) -> tuple[HistoryLine, ...]:
    lines = journal.recent(connection, record_type, record_id)
    if record_type is RecordType.OPPORTUNITY:
        lines += report.held(connection, ref)
    return tuple(lines)
