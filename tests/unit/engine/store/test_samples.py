"""Samples: the worst of each minute and hour, bounded, in the transaction of the usage."""

from __future__ import annotations

import sqlite3

from engine.model.sample import HOUR_S, MINUTE_S, Sample
from tests.unit.engine.stand_ins import row, take
from tests.unit.engine.store.adapters import samples

START = 1_790_000_400
BEGIN = START // HOUR_S * HOUR_S


def sampled(connection: sqlite3.Connection, at: float) -> None:
    """One look."""
    samples.save_usage(connection, "target", {}, {}, samples.behind(connection, at))


def test_the_worst_of_a_minute_and_of_its_hour_is_kept(connection: sqlite3.Connection) -> None:
    """A spike of seconds is one that somebody asks about."""
    take(connection, row(1))
    connection.execute("UPDATE record SET pending_since = ?", (START - 30,))
    sampled(connection, START)
    connection.execute("UPDATE record SET state = 'settled'")
    sampled(connection, START + 10)
    sampled(connection, START + 60)

    assert samples.samples(connection, MINUTE_S, 0) == [
        Sample(START // 60 * 60, 30, 1),
        Sample(START // 60 * 60 + 60, 0, 0),
    ]
    assert samples.samples(connection, HOUR_S, 0) == [Sample(BEGIN, 30, 1)]
    assert samples.samples(connection, MINUTE_S, START + 1) == [Sample(START // 60 * 60 + 60, 0, 0)]


def test_what_the_fuse_holds_is_no_lag(connection: sqlite3.Connection) -> None:
    """It waits for somebody, for as long as that takes."""
    take(connection, row(1))
    connection.execute("UPDATE record SET mass = 2, pending_since = 1")
    sampled(connection, START)

    assert samples.samples(connection, MINUTE_S, 0) == [Sample(START // 60 * 60, 0, 0)]


def test_samples_are_bounded(connection: sqlite3.Connection) -> None:
    """A minute's for a day, an hour's for two weeks, whatever the service does meanwhile."""
    for hour in range(30 * 24):
        sampled(connection, START + hour * HOUR_S)
    last = START + (30 * 24 - 1) * HOUR_S
    minutes, hours = (
        samples.samples(connection, MINUTE_S, 0),
        samples.samples(connection, HOUR_S, 0),
    )

    assert minutes[0].at >= last - samples.MINUTES_KEPT_S - MINUTE_S
    assert hours[0].at >= last - samples.HOURS_KEPT_S - HOUR_S
    assert len(hours) == samples.HOURS_KEPT_S // HOUR_S + 1


def test_what_a_clock_that_was_ahead_has_left_is_dropped(connection: sqlite3.Connection) -> None:
    """It would stand at the right edge until its time comes."""
    sampled(connection, START + 7200)
    sampled(connection, START)

    assert [one.at for one in samples.samples(connection, MINUTE_S, 0)] == [START // 60 * 60]
    assert [one.at for one in samples.samples(connection, HOUR_S, 0)] == [BEGIN]
