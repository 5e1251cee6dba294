"""Records counted by what becomes of them, and those that the source shows no more."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import because
from engine.model.reason import Code
from engine.store.sqlite import capture, listing
from engine.store.sqlite.populations import populations
from tests.unit.engine.stand_ins import NOW, row, take

GONE = [Code.RECORD_HIDDEN, Code.RECORD_DELETED, Code.RECORD_NOT_LISTED]


def leave_out(connection: sqlite3.Connection, number: int, code: Code, at: float = NOW) -> None:
    """The record is left out for this."""
    capture.leave_out(connection, [(number, 1)], because(code), at)


@pytest.mark.parametrize("code", GONE)
def test_what_the_source_shows_no_more_is_vanished(
    connection: sqlite3.Connection, code: Code
) -> None:
    """Since when, and why; however often it is not shown."""
    take(connection, row(1), row(2))
    leave_out(connection, 1, code)
    leave_out(connection, 1, code, NOW + 60)

    assert populations(connection).vanished == 1
    [one] = listing.part(connection, "vanished", 0, 2)
    assert (one.ref, one.since) == ("OPP-1", NOW)
    assert one.cause is not None
    assert one.cause.code is code


def test_what_is_unticked_is_not_vanished(connection: sqlite3.Connection) -> None:
    """Somebody meant that."""
    take(connection, row(1))
    leave_out(connection, 1, Code.SYNC_OFF)

    assert populations(connection).vanished == 0


def test_what_is_shown_again_is_not_vanished(connection: sqlite3.Connection) -> None:
    """A permission given back, a record put back: it is captured anew."""
    take(connection, row(1))
    leave_out(connection, 1, Code.RECORD_HIDDEN)
    connection.execute("UPDATE record SET state = 'pending' WHERE id = 1")

    assert populations(connection).vanished == 0
    assert populations(connection).waiting == 1
