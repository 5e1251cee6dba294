"""A record's work: what is due, and the intents that announce a create."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from engine.model.edit import Edit
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from tests.unit.engine.stand_ins import NOW, announce, link, pending, row, take
from tests.unit.engine.store.adapters import intents, work


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state with one pending record."""
    take(connection, row(1, 5))
    return connection


def test_a_pending_record_is_due_in_its_lane_until_it_is_settled(db: sqlite3.Connection) -> None:
    """The dispatcher sends what is due and nothing else."""
    take(db, row(2), now=NOW + 5)

    assert work.due_keys(db, Lane.FRESH, NOW, 10) == [1]
    assert work.due_keys(db, Lane.BACKLOG, NOW, 10) == []
    assert work.due_keys(db, Lane.FRESH, NOW + 5, 1) == [1]
    assert work.next_due(db, Lane.FRESH, NOW) == NOW + 5

    link(db, 1)

    assert work.due_keys(db, Lane.FRESH, NOW + 5, 10) == [2]


def test_at_start_every_unfinished_create_is_in_doubt(db: sqlite3.Connection) -> None:
    """The process may have died between sending and hearing the answer."""
    announce(db, 1)

    assert intents.doubt_unfinished(db, NOW + 60) == 1
    assert intents.doubt_unfinished(db, NOW + 90) == 0
    intent = pending(db, 1).intent
    assert intent is not None
    assert intent.doubt_since == NOW + 60


def test_an_intent_announced_again_keeps_its_first_time_and_no_doubt(
    db: sqlite3.Connection,
) -> None:
    """A create that was not executed is sent once more under the same correlation value."""
    announce(db, 1)
    intents.doubt_unfinished(db, NOW + 60)
    announce(db, 1, NOW + 400)

    intent = pending(db, 1).intent
    assert intent is not None
    assert (intent.opened_at, intent.doubt_since, intent.checks) == (NOW, None, 0)

    work.close_intent(db, 1)

    assert pending(db, 1).intent is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record SET state = 'ineligible'",
        "UPDATE record SET revision = revision + 1",
        "UPDATE record SET proved_at = proved_at - 1",
    ],
    ids=["left out", "captured anew", "shown too long ago"],
)
def test_no_create_is_announced_for_what_is_not_known_any_more(
    db: sqlite3.Connection, change: str
) -> None:
    """It was decided from a row; whoever unticked or deleted the record since would be ignored."""
    of = pending(db, 1)
    db.execute(change)

    assert not work.open_intent(db, of, "OPP-1", NOW, shown_since=of.proved_at)
    assert db.execute("SELECT count(*) FROM intent").fetchone()[0] == 0


def test_what_the_target_holds_is_not_known_while_an_update_is_on_its_way(
    db: sqlite3.Connection,
) -> None:
    """Taken back before the answer came, it would be taken for what is there already."""
    link(db)
    take(db, row(1, 6))
    assert pending(db, 1).synced == {"name": "A deal"}

    assert work.begin_update(db, 1, 7, [Edit("name", "A deal", "Crane")], known={}, now=NOW)

    assert pending(db, 1).synced is None


def test_what_the_target_never_heard_of_and_waited_long_is_listed_as_it_is_due(
    db: sqlite3.Connection,
) -> None:
    """One reading serves all of them; what was shown since, or is linked, needs none."""
    take(db, row(2), row(3), row(4))
    link(db, 3)
    take(db, row(3, 2))
    take(db, row(4), now=NOW + 5)

    assert work.shown_before(db, Lane.FRESH, NOW, NOW + 1, 10) == [1, 2]
    assert work.shown_before(db, Lane.FRESH, NOW, NOW + 1, 1) == [1]
    assert work.shown_at(db, 4) == NOW + 5
    assert work.shown_at(db, 5) is None


def test_what_waited_for_an_approval_or_is_to_be_read_anew_is_listed_with_them(
    db: sqlite3.Connection,
) -> None:
    """The target knows them, unlike the first, and the row may be as old."""
    take(db, row(2), row(3), row(4))
    for record_id in (2, 3, 4):
        link(db, record_id, 70 + record_id)
    take(db, row(2, 2), row(3, 2), row(4, 2))
    db.execute("UPDATE record SET mass = ? WHERE id = 2", (Mass.APPROVED,))
    db.execute("UPDATE record SET reread = 1 WHERE id = 3")

    assert work.shown_before(db, Lane.FRESH, NOW, NOW + 1, 10) == [1, 2, 3]


def test_a_backlog_is_not_read_whole_for_those_who_waited(db: sqlite3.Connection) -> None:
    """Done for every record of it, that would take hours."""
    take(db, *(row(one) for one in range(2, 8)))
    db.execute("UPDATE record SET proved_at = ? WHERE id < 7", (NOW + 5,))

    assert work.shown_before(db, Lane.FRESH, NOW, NOW + 1, 1) == []
    assert work.shown_before(db, Lane.FRESH, NOW, NOW + 1, 2) == [7]


def test_what_records_carry_that_nothing_is_linked_to_is_listed_as_it_is_due(
    db: sqlite3.Connection,
) -> None:
    """One reading of the target serves all of them."""
    db.execute("DELETE FROM record")
    take(db, *(replace(row(one), target_id=f"{one}0") for one in (2, 3, 4)), row(5))
    link(db, 3, 30)

    assert work.carried_next(db, Lane.FRESH, NOW, 10) == [20, 40]
    assert work.carried_next(db, Lane.FRESH, NOW, 1) == [20]
    assert work.carried_next(db, Lane.BACKLOG, NOW, 10) == []
