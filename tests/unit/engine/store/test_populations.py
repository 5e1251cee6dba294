"""Records counted by what becomes of them, and those that the source shows no more."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import because
from engine.model.reason import Code
from tests.unit.engine.stand_ins import NOW, row, take
from tests.unit.engine.store.adapters import capture, listing, populations

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

    assert populations.populations(connection, 0).vanished == 1
    [one] = listing.part(connection, "vanished", 0, 2)
    assert (one.ref, one.since) == ("OPP-1", NOW)
    assert one.cause is not None
    assert one.cause.code is code


def test_what_is_unticked_is_not_vanished(connection: sqlite3.Connection) -> None:
    """Somebody meant that."""
    take(connection, row(1))
    leave_out(connection, 1, Code.SYNC_OFF)

    assert populations.populations(connection, 0).vanished == 0


def test_what_is_shown_again_is_not_vanished(connection: sqlite3.Connection) -> None:
    """A permission given back, a record put back: it is captured anew."""
    take(connection, row(1))
    leave_out(connection, 1, Code.RECORD_HIDDEN)
    connection.execute("UPDATE record SET state = 'pending' WHERE id = 1")

    assert populations.populations(connection, 0).vanished == 0
    assert populations.populations(connection, 0).waiting == 1


def refused_tab(connection: sqlite3.Connection, number: int, failed_at: float | None) -> None:
    """A record whose tab has a line that the target refuses, with two roles there."""
    take(connection, row(number))
    connection.execute(
        "INSERT INTO people_tab (record_id, state, lane, due_at, target_id, listed, given_up,"
        " failed_at, pending_since, reason, reason_class, reason_code)"
        " VALUES (?, 'pending', 0, 5.0, ?, 1, 1, ?, 3.0, 'no', 'validation', 'refused')",
        (number, 70 + number, failed_at),
    )
    connection.executemany(
        "INSERT INTO role (id, record_id, prospect_id, role, made, seen_at, target_id)"
        " VALUES (?, ?, ?, ?, 1, 0, ?)",
        [
            (number * 10 + place, number, place, name, 70 + number)
            for place, name in ((1, "User"), (2, "Buyer"))
        ],
    )


def test_tabs_with_a_refused_line_are_told_with_the_roles_there_are(
    connection: sqlite3.Connection,
) -> None:
    """The longest refused first; what has no time of its own counts since it waits."""
    refused_tab(connection, 1, 9.0)
    refused_tab(connection, 2, 8.0)
    refused_tab(connection, 3, None)

    told = populations.refused_tabs(connection, 9)

    assert [(one.record_id, one.ref, one.since) for one in told] == [
        (3, "OPP-3", 3.0),
        (2, "OPP-2", 8.0),
        (1, "OPP-1", 9.0),
    ]
    assert told[1].roles == ((1, "User"), (2, "Buyer"))
    assert (told[1].reason, told[1].reason_class, told[1].due_at) == ("no", "validation", 5.0)
    assert populations.refused_tabs(connection, 1) == told[:1]
    assert populations.populations(connection, 0).tabs_refused == 3
