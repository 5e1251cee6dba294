"""What whoever asks why is given: bounded, however much there is."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.why.person import explain_person
from engine.model.claim import Claim
from engine.model.dossier import TABS_COUNTED, TABS_TOLD, Owing, TabDossier
from engine.model.edit import Edit
from engine.model.explanation import LineFact, PersonWhy
from engine.model.history import Note
from engine.model.mass_change import Mass
from engine.model.outbox import Owed
from engine.model.pointer import Pointer, Side
from engine.model.reason import Cause, Code, Words
from engine.model.records import RecordType, TabLine
from engine.model.write import Write, WriteKind
from tests.unit.engine.stand_ins import NOW, person, row, take
from tests.unit.engine.store.adapters import dossiers, history, journal, people


def on_tabs_of(connection: sqlite3.Connection, number: int) -> str:
    """Where a person on so many People tabs is said to be."""
    people.link(connection, person(1), 70, email=None, owed=None, note=None, now=NOW)
    take(connection, *(row(one, tab=(TabLine(1, "Buyer"),)) for one in range(1, number + 1)))
    found = dossiers.of_person(connection, 1)
    assert found is not None
    assert len(found.opportunities) <= TABS_TOLD
    line = LineFact(1, "", "PERS-1", known=found.person)
    return explain_person(PersonWhy(NOW, Words(), "PERS-1", found, line)).follows


@pytest.mark.parametrize(
    ("number", "rest"),
    [
        (TABS_TOLD, f"OPP-{TABS_TOLD}"),
        (TABS_TOLD + 3, f"OPP-{TABS_TOLD} and 3 more"),
        (TABS_COUNTED + 5, f"OPP-{TABS_TOLD} and more than {TABS_COUNTED - TABS_TOLD} more"),
    ],
)
def test_a_person_on_any_number_of_tabs_is_told_with_a_few(
    connection: sqlite3.Connection, number: int, rest: str
) -> None:
    """Nobody reads a hundred thousand names, and none of them is read."""
    assert on_tabs_of(connection, number).endswith(rest)


def test_a_refusal_is_found_behind_any_number_of_writes(connection: sqlite3.Connection) -> None:
    """And the latest lines are there, in their order."""
    take(connection, row(1))
    history.remember(connection, 1, 1, Note("refused", "too long"), NOW)
    for number in range(3 * journal.RECENT_MAX):
        write = Write(WriteKind.UPDATED, 7, (Edit("name", "A", str(number)),))
        history.remember(connection, 1, 1, Note("updated", str(number), (write,)), NOW + number)

    found = dossiers.of_opportunity(connection, 1)

    assert found is not None
    details = [line.detail for line in found.history]
    expected = range(2 * journal.RECENT_MAX, 3 * journal.RECENT_MAX)
    assert details == ["too long", *(str(number) for number in expected)]


def entered(connection: sqlite3.Connection, number: int) -> None:
    """A record of this number, linked to ten times it; and a person likewise."""
    connection.execute(
        "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state,"
        " lane, due_at, target_id) VALUES (?, ?, 1, 0, 0, 0, '{}', 'settled', 0, 0, ?)",
        (number, f"OPP-{number}", 10 * number),
    )
    connection.execute(
        "INSERT INTO person (id, ref, version, read_at, prospect_id) VALUES (?, ?, 1, 0, ?)",
        (number, f"PERS-{number}", 10 * number),
    )


def at(ref: str) -> Pointer:
    """It is pointed at by its reference."""
    return Pointer(Side.SOURCE, RecordType.OPPORTUNITY, ref=ref)


def test_a_record_is_found_by_whatever_names_it(connection: sqlite3.Connection) -> None:
    """Once, in the order in which it was named; what names nothing here finds nothing."""
    for number in (7, 12, 300):
        entered(connection, number)
    pointers = [
        Pointer(Side.TARGET, RecordType.PERSON, 120),
        at("OPP-300"),
        Pointer(Side.SOURCE, RecordType.OPPORTUNITY, 7),
        Pointer(Side.TARGET, RecordType.OPPORTUNITY, 3000),
        Pointer(Side.SOURCE, RecordType.OPPORTUNITY, 10**18),
        Pointer(Side.TARGET, RecordType.OPPORTUNITY, 999),
        at("OPP-\0"),
        at("opp-7"),
    ]

    found = dossiers.find(connection, pointers)

    assert [one.ref for one in found] == ["PERS-12", "OPP-300", "OPP-7"]


def test_what_may_have_been_meant_is_near_what_was_typed(connection: sqlite3.Connection) -> None:
    """By reference or by number; the nearest first, and no more than are wanted."""
    for number in (121, 130, 12, 1234):
        entered(connection, number)

    for pointer in (at("OPP-123"), Pointer(Side.SOURCE, RecordType.OPPORTUNITY, 123)):
        near = [one.ref for one in dossiers.alike(connection, [pointer], 9)]
        assert near == ["OPP-121", "OPP-130", "OPP-12", "OPP-1234"]
        assert [one.ref for one in dossiers.alike(connection, [pointer], 2)] == near[:2]
    assert dossiers.alike(connection, [at("OPP-\0" + "123"), at("OPP")], 9) == []
    assert dossiers.alike(connection, [Pointer(Side.TARGET, RecordType.PERSON, 1)], 9) == []


def test_all_that_is_known_of_a_record_is_told(connection: sqlite3.Connection) -> None:
    """What is owed, what it waits for, whose the target record is, and who is on its tab."""
    for number in (1, 2):
        entered(connection, number)
    for statement in (
        "UPDATE record SET tab = '[[2, \"Buyer\"]]', carried = 20, flagged = 1, reason = 'no',"
        " reason_code = 'refused', reason_class = 'validation', reason_field = 'name' WHERE id = 1",
        "INSERT INTO claim (target_id, record_id, since) VALUES (20, 2, 5)",
        "INSERT INTO awaited (kind, name, record_id) VALUES ('user', 'Ann', 1)",
        "INSERT INTO awaited (kind, name, record_id) VALUES ('person', '2', 1)",
        "INSERT INTO people_tab (record_id, state, lane, due_at, target_id, listed, given_up)"
        " VALUES (1, 'pending', 0, 8, 10, 1, 1)",
        "INSERT INTO outbox (record_type, record_id, error, message, changed_at, due_at)"
        " VALUES ('opportunity', 1, 0, '', 0, 9)",
        "INSERT INTO intent (kind, record_id, correlation, opened_at, doubt_since)"
        " VALUES ('role', 1, '[]', 0, 6)",
    ):
        connection.execute(statement)

    found = dossiers.of_opportunity(connection, 1)

    assert found is not None
    assert found.work.ref == "OPP-1"
    assert found.cause == Cause(Code.REFUSED, "no", "validation", "name")
    assert (found.carried, found.flagged, found.awaited) == (20, True, (("user", "Ann"),))
    assert found.owner == Claim(2, "OPP-2", 5, owed=False)
    assert found.owing == Owing(Owed(error=False, message=""), 9, 0, None)
    assert found.tab == TabDossier(
        pending=True,
        mass=Mass.NONE,
        due_at=8,
        doubt_since=6,
        given_up=True,
        cause=None,
        waits_for=(2,),
    )
    assert [one.id for one in found.people] == [2]
    assert dossiers.of_opportunity(connection, 3) is None
    assert dossiers.of_person(connection, 3) is None
