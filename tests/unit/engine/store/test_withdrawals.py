"""Withdrawals, as kept: what was owed is void, and the record is what the source shows."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import because
from engine.model.history import Note
from engine.model.outbox import Entry, Owed
from engine.model.reason import Code
from engine.model.records import RecordType
from tests.unit.engine.stand_ins import (
    NOW,
    link,
    owed_to,
    pending,
    person,
    row,
    state_of,
    take,
)
from tests.unit.engine.store.adapters import people, withdrawals

NOTE = Note("write-back withdrawn", "another id")
HIDDEN = because(Code.RECORD_HIDDEN)


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A record and a person, each of which is owed its id."""
    take(connection, row(1, 5))
    link(connection, owed=Owed("7", "https://target.example/7"))
    people.link(connection, person(1), 9, email=None, owed=Owed("9"), note=None, now=NOW)
    return connection


def owed(db: sqlite3.Connection, record_type: RecordType = RecordType.OPPORTUNITY) -> Entry:
    """What is owed, which must be something."""
    entry = owed_to(db, 1, record_type)
    assert entry is not None
    return entry


def told(db: sqlite3.Connection) -> list[str]:
    """The decisions of all, in order."""
    return [line[0] for line in db.execute("SELECT decision FROM history ORDER BY seq")]


def test_a_record_that_nobody_shows_is_left_out_and_owed_nothing(db: sqlite3.Connection) -> None:
    """There is nobody to tell."""
    withdrawals.leave_out_owed(db, owed(db), HIDDEN, NOW + 1)

    assert (owed_to(db), state_of(db, 1)) == (None, "ineligible")
    assert told(db)[-2:] == ["write-back withdrawn", "left out"]
    assert owed(db, RecordType.PERSON)


def test_a_person_whom_nobody_shows_is_owed_nothing(db: sqlite3.Connection) -> None:
    """The opportunity of the same id is."""
    withdrawals.leave_out_owed(db, owed(db, RecordType.PERSON), HIDDEN, NOW + 1)

    assert owed_to(db, 1, RecordType.PERSON) is None
    assert owed(db)
    assert state_of(db, 1) == "settled"


def test_what_the_record_carries_instead_is_taken_in(db: sqlite3.Connection) -> None:
    """It is not ours to overwrite."""
    shown = row(1, 6, name="newer", linked=True)

    withdrawals.withdraw_and_capture(
        db, owed(db), NOTE, shown, person(1), asked_at=NOW + 1, now=NOW + 1
    )

    assert owed_to(db) is None
    assert pending(db, 1).version == 6
    assert owed(db, RecordType.PERSON)


def test_what_the_person_carries_instead_is_taken_in(db: sqlite3.Connection) -> None:
    """The same of a person."""
    withdrawals.withdraw_and_capture(
        db,
        owed(db, RecordType.PERSON),
        NOTE,
        row(1, 6),
        person(1, 4, target_id="11"),
        asked_at=NOW + 1,
        now=NOW + 1,
    )

    assert owed_to(db, 1, RecordType.PERSON) is None
    assert state_of(db, 1) == "settled"
    assert people.load(db, [1])[1].version == 4


def test_a_link_that_is_void_has_the_record_read_again(db: sqlite3.Connection) -> None:
    """It is linked to another target record than it carries."""
    withdrawals.withdraw_link(db, owed(db), NOTE, NOW + 1)

    assert owed_to(db) is None
    again = pending(db, 1)
    assert (again.synced, again.pending_since, again.revision) == (None, NOW + 1, 2)


def test_what_waits_already_is_not_read_again_for_it(db: sqlite3.Connection) -> None:
    """Whatever it waits for comes first."""
    take(db, row(1, 6, name="newer"))
    before = pending(db, 1)

    withdrawals.withdraw_link(db, owed(db), NOTE, NOW + 1)

    assert (pending(db, 1).synced, pending(db, 1).revision) == (before.synced, before.revision)


def test_a_record_as_just_shown_is_taken_in(db: sqlite3.Connection) -> None:
    """Whoever looked at it for a write-back has seen a newer one."""
    withdrawals.capture_shown(db, row(1, 6, name="newer"), NOW + 1, NOW + 1)

    assert pending(db, 1).version == 6
