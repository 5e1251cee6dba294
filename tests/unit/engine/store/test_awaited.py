"""References that records wait for, and reading ahead for many records at once."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import foreign
from engine.model.lane import Lane
from engine.model.reason import Code
from engine.store.sqlite import awaited, capture
from tests.unit.engine.stand_ins import NOW, link, pending, row, take


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state with one pending record."""
    take(connection, row(1, 5))
    return connection


def test_a_reference_that_turns_up_wakes_those_synced_without_it(
    db: sqlite3.Connection,
) -> None:
    """The owner is completed without an edit in the source."""
    link(db, awaited=[("user", "Jo"), ("user", "Jo"), ("stage", "Won")])
    assert sorted(awaited.awaited_names(db, "user")) == ["Jo"]

    assert awaited.wake_awaiting(db, "user", ["Somebody", "Jo"], NOW) == 1
    assert pending(db, 1).lane is Lane.BACKLOG

    link(db)
    assert awaited.awaited_names(db, "user") == []


def test_a_record_that_is_pending_already_is_not_woken_again(db: sqlite3.Connection) -> None:
    """It is going to be reconciled, and a fresh edit must not fall behind the backlog."""
    link(db, awaited=[("user", "Jo")])
    take(db, row(1, 6))

    assert awaited.wake_awaiting(db, "user", ["Jo"], NOW) == 0
    assert pending(db, 1).lane is Lane.FRESH


def test_what_is_left_out_waits_for_nothing(db: sqlite3.Connection) -> None:
    """Whoever is awaited is asked for again and again, and nobody would ever be told."""
    link(db, awaited=[("user", "Jo")])

    capture.leave_out(db, [(1, 5)], foreign(Code.UNSPECIFIED, "deleted"), NOW)

    assert awaited.awaited_names(db, "user") == []


def test_reading_ahead_sees_the_next_records_first(db: sqlite3.Connection) -> None:
    """Accounts of many records are asked for together."""
    take(db, row(2), row(3))

    assert sorted(awaited.pending_column(db, "customer", 2)) == [10, 20]
    assert awaited.pending_column(db, "name", 10) == []
    assert awaited.pending_column(db, "no such column", 10) == []
