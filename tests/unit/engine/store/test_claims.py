"""Claims as kept: one owner per target record, whatever is settled."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.history import Note
from engine.model.outbox import Owed
from tests.unit.engine.stand_ins import NOW, announce, link, owed_to, pending, row, state_of, take
from tests.unit.engine.store.adapters import REFUSED, claims, settle, tabs, work

NOTE = Note("updated", "id 7, sent name")


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Two records; the first is linked to 7, and its id still to be written."""
    take(connection, row(1, 5, tab=[]), row(2, 3))
    link(connection, 1, 7, owed=Owed(target_id="7", target_url="u"))
    return connection


def linked(db: sqlite3.Connection, record_id: int) -> int | None:
    """What the record is linked to."""
    found = db.execute("SELECT target_id FROM record WHERE id = ?", (record_id,)).fetchone()
    return found[0]


def told(db: sqlite3.Connection, record_id: int) -> list[str]:
    """The decisions in the record's history."""
    rows = db.execute("SELECT decision FROM history WHERE record_id = ? ORDER BY seq", (record_id,))
    return [line[0] for line in rows]


def test_the_schema_refuses_a_second_owner(db: sqlite3.Connection) -> None:
    """Whichever way it would come about."""
    with pytest.raises(REFUSED):
        db.execute("UPDATE record SET target_id = 7 WHERE id = 2")
    with pytest.raises(REFUSED):
        db.execute("INSERT INTO claim (target_id, record_id, since) VALUES (7, 2, 0)")


def test_an_outcome_for_a_target_record_of_another_links_nothing(db: sqlite3.Connection) -> None:
    """It may have overwritten what the owner had sent: that is read again."""
    of = pending(db, 2)

    settled = settle.settle_linked(
        db, of, target_id=7, synced={}, owed=None, awaited=(), note=NOTE, now=NOW
    )

    assert not settled
    assert (linked(db, 1), linked(db, 2)) == (7, None)
    assert pending(db, 1).synced is None
    assert state_of(db, 2) == "pending"


def test_what_was_created_for_a_record_is_its_own(db: sqlite3.Connection) -> None:
    """Somebody guessed the id before it was written back."""
    take(db, row(3))
    assert claims.take(db, 3, 8, expected=None, now=NOW)

    link(db, 2, 8)

    assert (linked(db, 2), claims.owner_of(db, 8)) == (8, 2)


def test_a_target_record_that_is_handed_over_is_the_former_one_s_no_more(
    db: sqlite3.Connection,
) -> None:
    """Neither its id nor its people are sent any more, and both histories say so."""
    assert not claims.take(db, 2, 7, expected=None, now=NOW)
    assert claims.take(db, 2, 7, expected=1, now=NOW)

    assert (claims.owner_of(db, 7), linked(db, 1), state_of(db, 1)) == (2, None, "pending")
    assert owed_to(db, 1) is None
    assert tabs.load(db, 1) is None
    assert told(db, 1)[-1] == "id handed over"
    assert told(db, 2)[-1] == "id taken over"
    assert not work.begin_update(db, 1, 7, (), known={}, now=NOW)
    assert work.begin_update(db, 2, 7, (), known={}, now=NOW)


def test_an_owner_that_the_source_does_not_show_is_left_out(db: sqlite3.Connection) -> None:
    """It is deleted, and to be told nothing."""
    assert claims.take(db, 2, 7, expected=1, now=NOW, shown=[])

    assert state_of(db, 1) == "ineligible"


def test_a_create_in_doubt_is_not_found_in_another_one_s_record(db: sqlite3.Connection) -> None:
    """It stays in doubt, and is looked for again."""
    assert announce(db, 2)

    assert not settle.adopt(db, pending(db, 2), 7, NOTE, NOW)

    assert pending(db, 2).intent is not None
    assert claims.owned_by_others(db, [7, 8], 2) == {7}


def test_a_record_that_is_linked_elsewhere_leaves_its_former_target_record(
    db: sqlite3.Connection,
) -> None:
    """Somebody has entered another id; whoever enters the former one may have it."""
    take(db, row(1, 6, linked=True))
    link(db, 1, 9, created=False)

    assert (claims.owner_of(db, 7), claims.owner_of(db, 9)) == (None, 1)


def test_the_audit_finds_who_carries_the_id_of_another(db: sqlite3.Connection) -> None:
    """However that came about, it is looked at once, and decided."""
    link(db, 2, 9)
    db.execute("UPDATE record SET carried = 7 WHERE id = 2")

    assert claims.look_at_carriers(db, 2, 9, NOW) == []
    assert claims.look_at_carriers(db, 0, 9, NOW) == [2]
    assert claims.look_at_carriers(db, 0, 9, NOW) == []
    assert [one.record_id for one in claims.others(db, 7, 1)] == [2]


def test_a_line_of_history_can_be_told_to_a_record_not_in_hand(db: sqlite3.Connection) -> None:
    """The owner is told of whom it keeps its target record from."""
    claims.tell(db, 1, Note("id kept", "id 7"), NOW)
    claims.tell(db, 99, Note("id kept", "id 7"), NOW)

    assert told(db, 1)[-1] == "id kept"
