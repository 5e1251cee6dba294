"""Capture: a page and the watermark in one transaction; an echo is no news."""

from __future__ import annotations

import sqlite3

import pytest

from engine.flow.lane import Lane
from engine.records import Captured, Position
from engine.store import capture, work
from engine.store.capture import Watermark
from engine.store.outbox import delivered, load
from engine.store.work import Note, Owed
from tests.unit.engine.stand_ins import NOW, pending, row, state_of, take


def capture_rows(connection: sqlite3.Connection, *rows: Captured, sweep: int = 0) -> list[int]:
    """Ids taken as changes."""
    taken = capture.capture_page(connection, rows, now=NOW, fresh_max=2, sweep=sweep)
    assert taken.known == len(rows) - len(taken.changed)
    return [one.id for one in taken.changed]


def settle(connection: sqlite3.Connection, record_id: int) -> None:
    """The record is synced and the source is owed its id."""
    work.settle_linked(
        connection,
        pending(connection, record_id),
        target_id=7,
        synced={"name": "A deal"},
        owed=Owed(target_id="7"),
        awaited=[],
        note=Note("created", "id 7"),
        now=NOW,
    )


def test_the_rows_and_the_watermark_are_kept_together(connection: sqlite3.Connection) -> None:
    """From that commit on the change is ours, and never asked for again."""
    mark = Watermark(Position(50, 2), 60, NOW)
    capture.capture_page(
        connection, [row(1), row(2)], now=NOW, fresh_max=20, feed="changes", mark=mark
    )

    assert capture.watermark(connection, "changes") == mark
    assert capture.watermark(connection, "other") == Watermark(None, None, None)
    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [1, 2]


def test_an_empty_feed_keeps_a_watermark_without_a_position(
    connection: sqlite3.Connection,
) -> None:
    """The first poll of an empty tenant."""
    mark = Watermark(None, 60, NOW)
    capture.set_watermark(connection, "changes", mark)

    assert capture.watermark(connection, "changes") == mark


def test_only_a_higher_version_is_a_change(connection: sqlite3.Connection) -> None:
    """An overlap window shows rows twice, and a stale read may come late."""
    assert capture_rows(connection, row(1, 5)) == [1]
    assert capture_rows(connection, row(1, 5)) == []
    assert capture_rows(connection, row(1, 4, name="stale")) == []
    assert capture_rows(connection, row(1, 6, name="new")) == [1]
    assert '"new"' in pending(connection, 1).payload
    assert pending(connection, 1).revision == 2


def test_the_version_our_own_write_back_made_is_no_change(
    connection: sqlite3.Connection,
) -> None:
    """No echo: in a steady state the target sees no request at all."""
    take(connection, row(1, 5))
    settle(connection, 1)
    [entry] = load(connection, [1])
    delivered(connection, [(entry, 6)], NOW)

    assert capture_rows(connection, row(1, 6, linked=True)) == []
    assert capture_rows(connection, row(1, 7, linked=True)) == [1]


def test_a_page_with_many_changes_goes_to_the_backlog(connection: sqlite3.Connection) -> None:
    """A bulk import must not overtake somebody's edit."""
    capture_rows(connection, row(1), row(2), row(3))
    capture_rows(connection, row(4), row(5), row(1), row(2))

    assert work.due_keys(connection, Lane.BACKLOG, NOW, 10) == [1, 2, 3]
    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [4, 5]


@pytest.mark.parametrize(("eligible", "state"), [(True, "pending"), (False, "ineligible")])
def test_a_captured_row_waits_when_it_is_eligible(
    connection: sqlite3.Connection, eligible: bool, state: str
) -> None:
    """An unticked record that was synced once is known, and left alone."""
    take(connection, row(1, eligible=eligible))

    assert state_of(connection, 1) == state


def test_resetting_the_flag_is_enough_to_have_a_refused_record_tried_again(
    connection: sqlite3.Connection,
) -> None:
    """Mission rule 6; the reset is a new version like any edit."""
    take(connection, row(1, 5))
    failure = work.Failure("validation", "name", "too long")
    work.settle_refused(connection, pending(connection, 1), failure, NOW)
    assert state_of(connection, 1) == "refused"

    take(connection, row(1, 7))

    assert pending(connection, 1).attempts == 0


def test_a_sweep_brings_back_what_it_shows_and_drops_what_it_does_not(
    connection: sqlite3.Connection,
) -> None:
    """Unticked, flagged or deleted while it waited; and ticked again without a new version."""
    take(connection, row(1), row(2), row(3), row(4))
    work.settle_ineligible(connection, pending(connection, 3), Note("left out", "off"), NOW)
    work.open_intent(connection, 4, "OPP-4", NOW)
    sweep = capture.next_sweep(connection)

    assert capture_rows(connection, row(1), row(3), sweep=sweep) == [3]
    assert capture.finish_sweep(connection, sweep, NOW + 1) == 1
    states = {number: state_of(connection, number) for number in (1, 2, 3, 4)}
    assert states == {1: "pending", 2: "ineligible", 3: "pending", 4: "pending"}
    assert capture.next_sweep(connection) == sweep + 1


def test_a_record_captured_while_the_sweep_ran_is_not_dropped(
    connection: sqlite3.Connection,
) -> None:
    """The sweep may have passed its place already."""
    sweep = capture.next_sweep(connection)
    take(connection, row(1), now=NOW + 5)

    assert capture.finish_sweep(connection, sweep, NOW) == 0
    assert state_of(connection, 1) == "pending"
