"""The outbox: what is owed is delivered in its newest form, once."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.outbox import Entry, Key, Owed
from engine.model.reason import Code
from engine.model.records import Captured, RecordType, WriteBack
from engine.model.work import Failure
from tests.unit.engine.stand_ins import (
    NOW,
    link,
    owed_to,
    pending,
    person,
    row,
    said,
    state_of,
    take,
)
from tests.unit.engine.store.adapters import outbox, people, report, settle, withdrawals

OPPORTUNITY, PERSON = RecordType.OPPORTUNITY, RecordType.PERSON


def settled(connection: sqlite3.Connection, target_id: int = 7) -> None:
    """The record is synced, and its id is owed."""
    owed = Owed(target_id=str(target_id), target_url="https://t.example")
    link(connection, 1, target_id, owed=owed)


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state that owes the source one id."""
    take(connection, row(1, 5))
    settled(connection)
    return connection


def entry(db: sqlite3.Connection) -> Entry:
    """The one entry."""
    [found] = outbox.load(db, OPPORTUNITY, [1, 2])
    return found


def carrying(target_id: str | None) -> Captured:
    """Its next version, in which somebody has entered a target id, or none."""
    return replace(row(1, 6, linked=target_id is not None), target_id=target_id)


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
    assert outbox.due_keys(db, NOW, 10) == [Key(OPPORTUNITY, 1)]


def test_a_delivery_is_kept_with_the_version_it_made(db: sqlite3.Connection) -> None:
    """By that version our own write is recognised when the feed shows it."""
    outbox.delivered(db, [(entry(db), 6)], NOW)

    assert owed_to(db) is None
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
    settled(db, 8)
    outbox.delivered(db, [(sent, 7)], NOW)
    outbox.postpone(
        db, sent, foreign(Code.UNSPECIFIED, "late"), due_at=NOW + 60, counts=True, missed=0
    )

    left = entry(db)
    assert (left.target_id, left.attempts) == ("8", 0)
    assert outbox.due_keys(db, NOW, 10) == [Key(OPPORTUNITY, 1)]


def test_what_is_owed_once_more_while_it_was_sent_is_sent_again(db: sqlite3.Connection) -> None:
    """Somebody cleared it in between, so that the answer is about what is there no more."""
    sent = entry(db)
    take(db, row(1, 6))
    settled(db)
    outbox.delivered(db, [(sent, 7)], NOW)

    assert entry(db).target_id == "7"


def test_an_id_owed_is_not_owed_once_the_record_is_linked_to_another(
    db: sqlite3.Connection,
) -> None:
    """It would be written over the one that somebody has entered; what else is owed stays."""
    take(db, row(1, 6))
    link(db, 1, 8, owed=Owed(target_url="https://t.example/8"))

    left = entry(db)
    assert (left.target_id, left.target_url) == (None, "https://t.example/8")


@pytest.mark.parametrize(
    ("entered", "overtaken"), [(None, False), ("7", False), ("8", True), ("what", True)]
)
def test_an_id_owed_is_overtaken_by_another_that_is_captured(
    db: sqlite3.Connection, entered: str | None, overtaken: bool
) -> None:
    """Being based on that version, the write would pass for one that knows of it."""
    take(db, carrying(entered))

    assert entry(db).overtaken is overtaken


def test_an_id_that_our_own_write_back_replaced_overtakes_nothing(db: sqlite3.Connection) -> None:
    """The version that it made is known, and its row has not been shown yet."""
    take(db, carrying("6"))
    sent = entry(db)
    outbox.delivered(db, [(sent, 7)], NOW)
    link(db, 1, 7, owed=Owed(target_url="https://t.example/7"))

    assert not entry(db).overtaken


def test_the_flag_of_a_refusal_outlives_the_id_that_is_void(db: sqlite3.Connection) -> None:
    """Whoever entered the other id is told why it is refused."""
    take(db, carrying("8"))
    settle.settle_refused(
        db, pending(db, 1), Failure("claimed", None, said("it is another's")), NOW
    )
    note = Note("write-back withdrawn", "the record carries another target id, 8")

    withdrawals.withdraw_link(db, entry(db), note, NOW)

    left = entry(db)
    assert (left.target_id, left.target_url, left.error) == (None, None, True)


def test_a_record_whose_id_is_void_is_decided_on_anew(db: sqlite3.Connection) -> None:
    """It carries one id and is linked to another; nothing else would ever bring that up."""
    take(db, carrying("8"))
    link(db, 1, 7, owed=Owed(target_id="7"))
    assert state_of(db, 1) == "settled"

    withdrawals.withdraw_link(db, entry(db), Note("write-back withdrawn", "another"), NOW)

    assert state_of(db, 1) == "pending"
    assert owed_to(db) is None


def test_a_postponed_entry_waits_its_time(db: sqlite3.Connection) -> None:
    """A source in maintenance is not asked at every turn."""
    outbox.postpone(
        db,
        entry(db),
        foreign(Code.UNSPECIFIED, "maintenance"),
        due_at=NOW + 60,
        counts=False,
        missed=0,
    )
    outbox.postpone(
        db,
        entry(db),
        foreign(Code.UNSPECIFIED, "maintenance"),
        due_at=NOW + 90,
        counts=True,
        missed=0,
    )

    assert outbox.due_keys(db, NOW + 89, 10) == []
    assert outbox.next_due(db, NOW) == NOW + 90
    assert outbox.next_due(db, NOW + 90) is None
    assert entry(db).attempts == 1


def test_a_withdrawn_entry_is_gone_and_explained(db: sqlite3.Connection) -> None:
    """The record carries something that is not ours to overwrite."""
    outbox.withdraw(db, entry(db), Note("withdrawn", "another id stands there"), NOW)

    assert owed_to(db) is None
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
    shown = Entry(
        record_type=OPPORTUNITY,
        record_id=1,
        ref="OPP-1",
        generation=1,
        version=1,
        target_id=owed.target_id,
        target_url=owed.target_url,
        error=owed.error,
        message=owed.message,
        changed_at=0,
        attempts=0,
    )

    assert shown.described() == words


def test_a_person_of_the_same_id_is_owed_and_told_apart(db: sqlite3.Connection) -> None:
    """Ids of the source are unique within a record type only."""
    url = "https://t.example/70"
    owed = Owed(target_id="70", target_url=url)
    people.link(db, person(1), 70, email=None, owed=owed, note=None, now=NOW)

    assert set(outbox.due_keys(db, NOW, 10)) == {Key(OPPORTUNITY, 1), Key(PERSON, 1)}
    [theirs] = outbox.load(db, PERSON, [1, 2])
    assert theirs.as_write() == WriteBack(1, 3, "70", url)

    outbox.delivered(db, [(theirs, 4)], NOW)

    assert outbox.due_keys(db, NOW, 10) == [Key(OPPORTUNITY, 1)]
    known = people.load(db, [1])[1]
    assert (known.version, known.delivered_id, known.delivered_version) == (4, "70", 4)
    assert facts(db) == (5, None, None)
    assert [line.decision for line in report.history(db, "PERS-1")] == ["written back"]


def test_an_id_owed_to_a_person_is_not_owed_once_it_is_another_prospect(
    db: sqlite3.Connection,
) -> None:
    """As with opportunities."""
    url = "https://t.example/71"
    people.link(db, person(1), 70, email=None, owed=Owed(target_id="70"), note=None, now=NOW)
    people.link(db, person(1), 71, email=None, owed=Owed(target_url=url), note=None, now=NOW)

    [theirs] = outbox.load(db, PERSON, [1])
    assert (theirs.target_id, theirs.target_url) == (None, url)


def test_postponing_or_withdrawing_one_leaves_the_other_of_the_same_id_alone(
    db: sqlite3.Connection,
) -> None:
    """A person whose write-back is refused must not delay an opportunity's id."""
    people.link(db, person(1), 70, email=None, owed=Owed(target_id="70"), note=None, now=NOW)
    [theirs] = outbox.load(db, PERSON, [1])

    outbox.postpone(
        db, theirs, foreign(Code.UNSPECIFIED, "refused"), due_at=NOW + 60, counts=True, missed=0
    )
    assert outbox.due_keys(db, NOW, 10) == [Key(OPPORTUNITY, 1)]

    outbox.withdraw(db, theirs, Note("withdrawn", "another id stands there"), NOW)
    assert outbox.load(db, PERSON, [1]) == []
    assert entry(db).attempts == 0
    assert [line.decision for line in report.history(db, "OPP-1")] == ["created"]
