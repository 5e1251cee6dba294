"""The outbox: what is owed is delivered in its newest form, once."""

from __future__ import annotations

import sqlite3

import pytest

from engine.records import WriteBack
from engine.store import outbox, report, work
from engine.store.outbox import Entry
from engine.store.work import Note, Owed
from tests.unit.engine.stand_ins import NOW, pending, row, take


def settle(connection: sqlite3.Connection, target_id: int = 7) -> None:
    """The record is synced, and its id is owed."""
    work.settle_linked(
        connection,
        pending(connection, 1),
        target_id=target_id,
        synced={},
        owed=Owed(target_id=str(target_id), target_url="https://t.example"),
        awaited=[],
        note=Note("created", ""),
        now=NOW,
    )


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state that owes the source one id."""
    take(connection, row(1, 5))
    settle(connection)
    return connection


def entry(db: sqlite3.Connection) -> Entry:
    """The one entry."""
    [found] = outbox.load(db, [1, 2])
    return found


def facts(db: sqlite3.Connection) -> tuple[int, str | None, int | None]:
    """Version, delivered id and delivered version of the record."""
    found: sqlite3.Row = db.execute("SELECT * FROM record WHERE id = 1").fetchone()
    return found["version"], found["delivered_id"], found["delivered_version"]


def test_an_entry_becomes_a_write_based_on_the_newest_version_known(
    db: sqlite3.Connection,
) -> None:
    """The source refuses a write that is based on an older one."""
    take(db, row(1, 6))

    assert entry(db).as_write() == WriteBack(1, 6, "7", "https://t.example")
    assert outbox.due_keys(db, NOW, 10) == [1]


def test_a_delivery_is_kept_with_the_version_it_made(db: sqlite3.Connection) -> None:
    """By that version our own write is recognised when the feed shows it."""
    outbox.delivered(db, [(entry(db), 6)], NOW)

    assert outbox.load(db, [1]) == []
    assert facts(db) == (6, "7", 6)
    assert [line.decision for line in report.history(db, "OPP-1")] == ["created", "written back"]


def test_a_newer_version_captured_before_the_answer_stays_the_newest(
    db: sqlite3.Connection,
) -> None:
    """Its payload shows our write already, and more."""
    sent = entry(db)
    take(db, row(1, 9))
    outbox.delivered(db, [(sent, 6)], NOW)

    assert facts(db) == (9, "7", None)


def test_what_changed_while_it_was_sent_is_sent_again(db: sqlite3.Connection) -> None:
    """The answer is about the older form of the entry."""
    sent = entry(db)
    take(db, row(1, 6))
    settle(db, 8)
    outbox.delivered(db, [(sent, 7)], NOW)
    outbox.postpone(db, sent, "late", due_at=NOW + 60, counts=True)

    left = entry(db)
    assert (left.target_id, left.generation, left.attempts) == ("8", 2, 0)
    assert outbox.due_keys(db, NOW, 10) == [1]


def test_a_postponed_entry_waits_its_time(db: sqlite3.Connection) -> None:
    """A source in maintenance is not asked at every turn."""
    outbox.postpone(db, entry(db), "maintenance", due_at=NOW + 60, counts=False)
    outbox.postpone(db, entry(db), "maintenance", due_at=NOW + 90, counts=True)

    assert outbox.due_keys(db, NOW + 89, 10) == []
    assert outbox.next_due(db, NOW) == NOW + 90
    assert outbox.next_due(db, NOW + 90) is None
    assert entry(db).attempts == 1


def test_a_withdrawn_entry_is_gone_and_explained(db: sqlite3.Connection) -> None:
    """The record carries something that is not ours to overwrite."""
    outbox.withdraw(db, entry(db), Note("withdrawn", "another id stands there"), NOW)

    assert outbox.load(db, [1]) == []
    assert report.history(db, "OPP-1")[-1].detail == "another id stands there"


@pytest.mark.parametrize(
    ("owed", "words"),
    [
        (Owed("7", "https://t.example"), "id 7, URL"),
        (Owed(error=True, message="x"), "error flag set"),
        (Owed(error=False), "error flag cleared"),
        (Owed(), "nothing"),
    ],
)
def test_an_entry_is_described_in_words(owed: Owed, words: str) -> None:
    """The line of history a person reads."""
    shown = Entry(1, "OPP-1", 1, 1, owed.target_id, owed.target_url, owed.error, owed.message, 0, 0)

    assert outbox.describe(shown) == words
