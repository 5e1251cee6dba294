"""A record's work: what is due, and the intents that announce a create."""

from __future__ import annotations

import sqlite3

import pytest

from engine.flow.lane import Lane
from engine.store import work
from tests.unit.engine.stand_ins import NOW, link, pending, row, take


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
    work.open_intent(db, 1, "OPP-1", NOW)

    assert work.doubt_all(db, NOW + 60) == 1
    assert work.doubt_all(db, NOW + 90) == 0
    intent = pending(db, 1).intent
    assert intent is not None
    assert intent.doubt_since == NOW + 60


def test_an_intent_announced_again_keeps_its_first_time_and_no_doubt(
    db: sqlite3.Connection,
) -> None:
    """A create that was not executed is sent once more under the same correlation value."""
    work.open_intent(db, 1, "OPP-1", NOW)
    work.doubt_all(db, NOW + 60)
    work.open_intent(db, 1, "OPP-1", NOW + 400)

    intent = pending(db, 1).intent
    assert intent is not None
    assert (intent.opened_at, intent.doubt_since, intent.checks) == (NOW, None, 0)

    work.close_intent(db, 1)

    assert pending(db, 1).intent is None


def test_a_record_left_out_while_it_is_in_hand_is_not_announced(db: sqlite3.Connection) -> None:
    """Nobody would look for a create whose answer is lost."""
    db.execute("UPDATE record SET state = 'ineligible'")

    assert not work.open_intent(db, 1, "OPP-1", NOW)
    assert db.execute("SELECT count(*) FROM intent").fetchone()[0] == 0
