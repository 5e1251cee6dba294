"""History: one line per decision, of each record its own."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import because, foreign
from engine.model.history import Note
from engine.model.mass_change import Limits
from engine.model.reason import HELD, Code
from engine.model.records import RecordType
from tests.unit.engine.stand_ins import NOW, person, row, take
from tests.unit.engine.store.adapters import ON_SQLITE, fuse, history, people, report


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """An opportunity and a person of the same id."""
    take(connection, row(1, 5))
    people.hold_back(connection, person(1), foreign(Code.UNSPECIFIED, "no e-mail address"), NOW)
    connection.execute("DELETE FROM history")
    return connection


def details(db: sqlite3.Connection, ref: str) -> list[str]:
    """Details of the record's history, oldest first."""
    return [line.detail for line in report.history(db, ref)]


def test_history_keeps_the_latest_lines_of_each_record(db: sqlite3.Connection) -> None:
    """A record that changes daily must not fill the disk."""
    for number in range(history.HISTORY_MAX + 5):
        history.remember(db, 1, 1, Note("updated", str(number)), NOW + number)

    assert details(db, "OPP-1") == [str(number) for number in range(5, history.HISTORY_MAX + 5)]


def test_a_line_keeps_the_code_of_its_reason(db: sqlite3.Connection) -> None:
    """A text may be worded better one day; a code is what scripts look for."""
    history.remember(db, 1, 5, Note("created", "id 7"), NOW)
    history.remember(db, 1, 5, Note("refused", because(Code.TARGET_GONE, target_id=7)), NOW)
    history.remember_alike(db, [(1, 5)], Note("left out", because(Code.SYNC_OFF)), NOW)

    assert [line.reason_code for line in report.history(db, "OPP-1")] == [
        None,
        Code.TARGET_GONE,
        Code.SYNC_OFF,
    ]


def test_an_opportunity_and_a_person_of_one_id_have_histories_of_their_own(
    db: sqlite3.Connection,
) -> None:
    """Ids of the source are unique within a record type only."""
    history.remember(db, 1, 5, Note("updated", "the opportunity"), NOW)
    history.remember(db, 1, 3, Note("linked", "the person"), NOW, record_type=RecordType.PERSON)

    assert details(db, "OPP-1") == ["the opportunity"]
    assert details(db, "PERS-1") == ["the person"]


def test_a_busy_opportunity_does_not_push_out_the_lines_of_a_person(
    db: sqlite3.Connection,
) -> None:
    """The limit counts for each record, and ids alone do not tell records apart."""
    history.remember(db, 1, 3, Note("linked", "the person"), NOW, record_type=RecordType.PERSON)
    for number in range(history.HISTORY_MAX + 5):
        history.remember(db, 1, 1, Note("updated", str(number)), NOW + number)

    assert details(db, "PERS-1") == ["the person"]


def test_what_is_held_says_so_itself_and_no_line_is_written(db: sqlite3.Connection) -> None:
    """A line for each of many thousands, at the moment they are held, would hold up everybody."""
    history.remember(db, 1, 5, Note("updated", "before"), NOW)
    db.execute("UPDATE record SET mass = 2, reason = 'held by the fuse: would send name'")
    assert details(db, "OPP-1") == ["before"]
    db.execute("BEGIN")
    before = db.total_changes

    fuse.decide(db, Limits(0.0, 0, 0), NOW + 5)

    [_, held] = report.history(db, "OPP-1")
    assert (held.at, held.decision, held.detail) == (NOW + 5, HELD, "would send name")
    assert db.total_changes - before == 1
    db.execute("COMMIT")
    assert details(db, "PERS-1") == []

    fuse.release(db, NOW + 9)
    assert details(db, "OPP-1") == ["before"]


@ON_SQLITE
def test_a_history_is_found_among_many_without_reading_them(db: sqlite3.Connection) -> None:
    """Every command that looks shares the disk with the service."""
    for number in range(2, 3000):
        history.remember(db, number, 1, Note("updated", "another"), NOW)
    history.remember(db, 1, 5, Note("updated", "this one"), NOW)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    db.set_progress_handler(count, 100)
    assert details(db, "OPP-1") == ["this one"]
    db.set_progress_handler(None, 0)

    assert steps < 20
