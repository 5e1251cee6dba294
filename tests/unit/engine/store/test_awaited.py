"""References that records wait for, and reading ahead for many records at once."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest

from engine.decide.reasons import foreign
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.reason import Code
from tests.unit.engine.stand_ins import NOW, link, pending, row, take
from tests.unit.engine.store.adapters import awaited, capture


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


def test_reading_ahead_begins_with_what_is_due_first(connection: sqlite3.Connection) -> None:
    """There is not always room for all, and some hold what no database can keep as text."""
    odd = replace(row(3), payload=json.dumps({"name": "\0 \\u0000 \ud83d", "customer": "30"}))
    take(connection, row(2), now=NOW)
    take(connection, odd, now=NOW - 2)
    take(connection, row(1), now=NOW - 1)

    assert awaited.pending_column(connection, "customer", 9) == [30, 10, 20]


def test_records_that_bear_a_name_are_found_and_evaluated_again(
    db: sqlite3.Connection,
) -> None:
    """Their customer carries another account by now; the fuse counts them."""
    odd = replace(row(3), payload=json.dumps({"name": "\0", "customer": "30", "other": 10}))
    take(db, row(2), odd, row(4))
    for number in (1, 2, 3):
        link(db, number, 70 + number)

    found = awaited.referring(db, ["customer", "other", "no such"], ["10", "30", "40"])
    assert sorted((one.id, one.payload) for one in found) == [
        (1, row(1).payload),
        (3, odd.payload),
    ]
    assert found[0].synced == {"name": "A deal"}
    assert awaited.referring(db, [], ["10"]) == awaited.referring(db, ["customer"], []) == []

    assert awaited.wake_moved(db, [1, 4, 9], NOW + 1) == 1
    assert (pending(db, 1).mass, pending(db, 1).lane) == (Mass.EVALUATING, Lane.BACKLOG)
    assert (pending(db, 4).mass, awaited.wake_moved(db, [], NOW)) == (Mass.NONE, 0)
