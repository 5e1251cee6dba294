"""What is kept between runs: the pair, and the requests spent."""

from __future__ import annotations

import sqlite3

import pytest

from engine.errors import StateUnusable
from engine.model.capture import Watermark
from engine.model.sample import YEAR_DAYS
from tests.unit.engine.stand_ins import row, take
from tests.unit.engine.store.adapters import capture, kept


def test_a_state_with_records_belongs_to_one_pair_for_ever(
    connection: sqlite3.Connection,
) -> None:
    """Ids of another tenant would point at other people's records."""
    kept.claim_pair(connection, "a and b")
    take(connection, row(1))
    kept.claim_pair(connection, "a and b")

    with pytest.raises(StateUnusable, match="belongs to a and b, the configuration names a and c"):
        kept.claim_pair(connection, "a and c")


def test_a_state_without_records_may_change_its_pair(connection: sqlite3.Connection) -> None:
    """A mistyped address must be correctable without removing files."""
    kept.claim_pair(connection, "a and typo")
    kept.claim_pair(connection, "a and b")

    assert kept.setting(connection, "pair") == "a and b"


def test_a_fact_and_a_secret_replace_their_former_value(connection: sqlite3.Connection) -> None:
    """Each refresh rotates the token."""
    for value in ("1", "2"):
        kept.set_setting(connection, "x", value)
        kept.set_secret(connection, "x", f"secret {value}")

    assert kept.setting(connection, "x") == "2"
    assert kept.secret(connection, "x") == "secret 2"
    assert kept.secret(connection, "y") is None


def test_spent_requests_survive_a_restart(connection: sqlite3.Connection) -> None:
    """A service that restarts hourly must not get a new hour each time."""
    kept.save_usage(connection, "target", {100: 3, 101: 4}, {7: 40})
    kept.save_usage(connection, "target", {101: 5}, {7: 41})
    kept.save_usage(connection, "source", {100: 1}, {7: 1})

    assert kept.load_usage(connection, "target") == ({100: 3, 101: 5}, {7: 41})


def test_counts_of_a_clock_that_was_ahead_are_dropped(connection: sqlite3.Connection) -> None:
    """They are counted as of now, and would be so once more at every start."""
    kept.save_usage(connection, "target", {100: 3, 900: 4}, {7: 40, 400: 2})
    kept.save_usage(connection, "target", {100: 3, 101: 4}, {7: 42})

    assert kept.load_usage(connection, "target") == ({100: 3, 101: 4}, {7: 42})


def test_counts_no_limit_looks_at_are_dropped(connection: sqlite3.Connection) -> None:
    """One row a minute for years is a million rows."""
    kept.save_usage(connection, "target", {100: 1, 101: 1, 162: 1}, {1: 1, 2: 1})
    kept.save_usage(connection, "target", {163: 1}, {YEAR_DAYS + 2: 1})

    assert kept.load_usage(connection, "target") == (
        {162: 1, 163: 1},
        {2: 1, YEAR_DAYS + 2: 1},
    )


def test_records_ahead_of_the_clock_are_told_while_they_are(
    connection: sqlite3.Connection,
) -> None:
    """By feed, and beside what is known of the clocks themselves."""
    assert kept.clock_notes(connection) == []
    kept.keep_ahead(connection, "changes", [("OPP-1", 90.4), ("OPP-2", 5.0)])
    kept.keep_ahead(connection, "a", [("PERS-1", 7.0)])
    kept.set_setting(connection, "ahead_of_clocks", "no feed")
    capture.set_watermark(connection, "changes", Watermark(None, None, None, 2.5))

    assert kept.clock_notes(connection) == [
        "PERS-1 carries a time 7 s ahead of the source's clock",
        "OPP-1 carries a time 90 s ahead of the source's clock",
        "OPP-2 carries a time 5 s ahead of the source's clock",
        "the clocks of the source's servers differ by 2 s or more",
    ]
    kept.keep_ahead(connection, "changes", [])
    assert len(kept.clock_notes(connection)) == 2


def test_a_pair_that_was_started_on_once_is_known_until_another_takes_its_place(
    connection: sqlite3.Connection,
) -> None:
    """What another pair did is no proof of this one."""
    kept.claim_pair(connection, "a and b")
    assert not kept.has_worked(connection)
    kept.note_that_it_works(connection, 1.0)
    kept.note_that_it_works(connection, 2.0)

    assert kept.has_worked(connection)
    assert kept.setting(connection, "worked_since") == "1.0"
    kept.claim_pair(connection, "a and b")
    assert kept.has_worked(connection)
    kept.claim_pair(connection, "a and c")
    assert not kept.has_worked(connection)
    take(connection, row(1))
    assert kept.has_worked(connection)
