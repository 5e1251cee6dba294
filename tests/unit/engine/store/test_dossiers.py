"""What whoever asks why is given: bounded, however much there is."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.why.person import explain_person
from engine.model.dossier import TABS_COUNTED, TABS_TOLD
from engine.model.edit import Edit
from engine.model.explanation import LineFact, PersonWhy
from engine.model.history import Note
from engine.model.reason import Words
from engine.model.records import TabLine
from engine.model.write import Write, WriteKind
from engine.store.sqlite import dossiers, people
from engine.store.sqlite.history import remember
from engine.store.sqlite.journal import RECENT_MAX
from tests.unit.engine.stand_ins import NOW, person, row, take


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
    remember(connection, 1, 1, Note("refused", "too long"), NOW)
    for number in range(3 * RECENT_MAX):
        write = Write(WriteKind.UPDATED, 7, (Edit("name", "A", str(number)),))
        remember(connection, 1, 1, Note("updated", str(number), (write,)), NOW + number)

    found = dossiers.of_opportunity(connection, 1)

    assert found is not None
    details = [line.detail for line in found.history]
    expected = range(2 * RECENT_MAX, 3 * RECENT_MAX)
    assert details == ["too long", *(str(number) for number in expected)]
