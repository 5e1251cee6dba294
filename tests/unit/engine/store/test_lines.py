"""Lines of history as they are asked for, and what a record waits for now."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from engine.decide.reasons import because
from engine.model.edit import Edit
from engine.model.history import PEOPLE_WAIT, WAITS, Note
from engine.model.named import Named
from engine.model.reason import Code
from engine.model.records import RecordType
from engine.model.run import RunKind
from engine.model.write import Write, WriteKind
from engine.runs import within
from engine.store.rows.journal import RECENT_MAX
from tests.unit.engine.stand_ins import NOW, link, row, take
from tests.unit.engine.store.adapters import history, journal, runs

WRITTEN = (Write(WriteKind.UPDATED, 7, (Edit("name", "", "Crane"),)),)
ONE = Named(RecordType.OPPORTUNITY, 1, "OPP-1")
TWO = Named(RecordType.OPPORTUNITY, 2, "OPP-2")
PERSON = Named(RecordType.PERSON, 1, "PERS-1")


def people_known(connection: sqlite3.Connection, reason: str | None = None) -> None:
    """A person with the number of an opportunity, and why there is no prospect."""
    connection.execute(
        "INSERT INTO person (id, ref, version, read_at, reason, reason_code)"
        " VALUES (1, 'PERS-1', 3, ?, ?, ?)",
        (NOW, reason, None if reason is None else Code.REFUSED.value),
    )


@pytest.fixture
def told(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Lines 1 to 6, of three records and one that is not known, in two runs and in none."""
    take(connection, row(1), row(2))
    people_known(connection)
    note = Note("updated", "id 7", WRITTEN)
    with within(runs.begin(connection, RunKind.UNDO, NOW, "")):
        history.remember(connection, 1, 1, note, NOW)
        history.remember(connection, 2, 4, Note("waits", "for a user"), NOW + 1)
    with within(runs.begin(connection, RunKind.APPLIED, NOW, "")):
        history.remember(connection, 1, 3, note, NOW + 2, record_type=RecordType.PERSON)
        history.remember(connection, 9, 1, note, NOW + 3)
    history.remember(connection, 1, 2, note, NOW + 4)
    history.remember(connection, 2, 5, note, NOW + 5)
    return connection


def numbers(connection: sqlite3.Connection, **asked: Any) -> list[int]:
    """Which lines are told."""
    lines = journal.lines(connection, **asked)
    if not asked.keys() & {"upto", "limit", "skip"}:
        assert journal.counted(connection, **asked) == len(lines)
    return [line.seq for line in lines]


@pytest.mark.parametrize(
    ("asked", "told_of"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"run": 1}, [1, 2]),
        ({"run": 2}, [3, 4]),
        ({"run": 3}, []),
        ({"since": NOW + 3}, [4, 5, 6]),
        ({"records": [ONE]}, [1, 5]),
        ({"records": [PERSON]}, [3]),
        ({"records": [PERSON, TWO]}, [2, 3, 6]),
        ({"records": [ONE, TWO], "run": 1, "since": NOW + 1}, [2]),
        ({"upto": 4}, [1, 2, 3, 4]),
        ({"records": [ONE], "upto": 4}, [1]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 2, "skip": 3}, [4, 5]),
        ({"skip": 4}, [5, 6]),
        ({"limit": 0}, []),
    ],
)
def test_lines_are_told_by_run_moment_and_record(
    told: sqlite3.Connection, asked: dict[str, Any], told_of: list[int]
) -> None:
    """All that was asked for together, oldest first, page by page."""
    assert numbers(told, **asked) == told_of


def test_a_line_says_all_that_is_known_of_it(told: sqlite3.Connection) -> None:
    """Its record by name, as far as that is known."""
    lines = journal.lines(told)

    assert [line.ref for line in lines] == ["OPP-1", "OPP-2", "PERS-1", "", "OPP-1", "OPP-2"]
    assert [line.run for line in lines] == [1, 1, 2, 2, None, None]
    assert [line.version for line in lines] == [1, 4, 3, 1, 2, 5]
    assert [line.writes for line in lines] == [WRITTEN, (), *[WRITTEN] * 4]
    assert (lines[2].at, lines[2].record_type, lines[2].record_id) == (
        NOW + 2,
        RecordType.PERSON,
        1,
    )
    assert (lines[1].decision, lines[1].detail, lines[1].requests) == ("waits", "for a user", None)
    assert journal.of_record(told, RecordType.PERSON, 1) == [lines[2]]


def test_of_the_latest_lines_as_many_only_tell(connection: sqlite3.Connection) -> None:
    """A refusal is found behind any number of writes."""
    take(connection, row(1))
    for number in range(3):
        history.remember(connection, 1, 1, Note("waits", f"{number}"), NOW)
    for _ in range(RECENT_MAX + 5):
        history.remember(connection, 1, 1, Note("updated", "id 7", WRITTEN), NOW)

    lines = journal.recent(connection, RecordType.OPPORTUNITY, 1)

    assert [line.detail for line in lines] == ["0", "1", "2", *["id 7"] * RECENT_MAX]
    assert [line.seq for line in lines[:4]] == [1, 2, 3, 9]
    assert journal.recent(connection, RecordType.PERSON, 1) == []


def present(connection: sqlite3.Connection, named: Named) -> list[tuple[str, str | None, float]]:
    """What the record waits for now."""
    return [
        (line.decision, line.reason_code, line.at) for line in journal.present(connection, named)
    ]


def test_what_a_record_waits_for_is_told_once(connection: sqlite3.Connection) -> None:
    """By the record, unless its last line says so already."""
    take(connection, row(1, updated_at=int(NOW)))
    assert present(connection, ONE) == [(WAITS, Code.WAITS_ITS_TURN, NOW)]
    assert present(connection, TWO) == []

    reason = because(Code.WAITS_ITS_TURN, what="it is due")
    history.remember(connection, 1, 1, Note(WAITS, reason), NOW)
    assert present(connection, ONE) == []
    history.remember(connection, 1, 1, Note("updated", "id 7", WRITTEN), NOW)
    assert present(connection, ONE) == [(WAITS, Code.WAITS_ITS_TURN, NOW)]

    connection.execute("UPDATE record SET mass = 2")
    assert present(connection, ONE) == []


def test_what_its_people_wait_for_is_told_behind_it(connection: sqlite3.Connection) -> None:
    """Each by its own."""
    take(connection, row(1, tab=[]))
    link(connection, created=False)
    connection.execute(
        "UPDATE people_tab SET state = 'pending', reason = 'no', reason_code = ?,"
        " pending_since = ?",
        (Code.REFUSED.value, NOW + 1),
    )
    people = (PEOPLE_WAIT, Code.REFUSED, NOW + 1)
    assert present(connection, ONE) == [people]

    take(connection, row(1, 2, updated_at=int(NOW) + 2), now=NOW + 3)
    assert present(connection, ONE) == [(WAITS, Code.WAITS_ITS_TURN, NOW + 2), people]

    connection.execute("UPDATE people_tab SET mass = 2")
    assert [decision for decision, _, _ in present(connection, ONE)] == [WAITS]


def test_a_person_waits_while_there_is_no_prospect_and_a_reason(
    connection: sqlite3.Connection,
) -> None:
    """Nobody else does."""
    people_known(connection, "no")
    assert present(connection, PERSON) == [(WAITS, Code.REFUSED, NOW)]
    assert present(connection, ONE) == []

    connection.execute("UPDATE person SET reason = NULL, reason_code = NULL")
    assert present(connection, PERSON) == []
    connection.execute("UPDATE person SET reason = 'no', prospect_id = 4")
    assert present(connection, PERSON) == []
