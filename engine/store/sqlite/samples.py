"""Samples of how far behind the service was: kept with the usage, in the same transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from engine.model.sample import HOUR_S, MINUTE_S, Sample
from engine.store.rows import samples as told
from engine.store.rows.samples import HOURS_KEPT_S, MINUTES_KEPT_S
from engine.store.sqlite import kept


def save_usage(
    connection: sqlite3.Connection,
    system: str,
    minutes: Mapping[int, int],
    days: Mapping[int, int],
    sample: Sample,
) -> None:
    """See `Kept.save_usage`."""
    kept.save_usage(connection, system, minutes, days)
    for grain_s, kept_s in ((MINUTE_S, MINUTES_KEPT_S), (HOUR_S, HOURS_KEPT_S)):
        at = sample.at // grain_s * grain_s
        connection.execute(
            "INSERT INTO sample (grain_s, at, lag_s, backlog) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (grain_s, at) DO UPDATE SET lag_s = max(lag_s, excluded.lag_s),"
            " backlog = max(backlog, excluded.backlog)",
            (grain_s, at, sample.lag_s, sample.backlog),
        )
        # What lies ahead was left by a clock that was.
        connection.execute(
            "DELETE FROM sample WHERE grain_s = ? AND (at < ? OR at > ?)",
            (grain_s, at - kept_s, at),
        )


def behind(connection: sqlite3.Connection, now: float) -> Sample:
    """See `Report.behind`."""
    oldest, backlog = connection.execute(
        "SELECT min(since), sum(number) FROM (SELECT min(pending_since) AS since,"
        " count(*) AS number FROM record WHERE state = 'pending' AND mass <> 2"
        " UNION ALL SELECT min(pending_since), count(*) FROM people_tab"
        " WHERE state = 'pending' AND mass <> 2 AND NOT given_up)"
    ).fetchone()
    return told.sample(now, oldest, backlog)


def samples(connection: sqlite3.Connection, grain_s: int, since: int) -> list[Sample]:
    """See `Report.samples`."""
    rows = connection.execute(
        "SELECT at, lag_s, backlog FROM sample WHERE grain_s = ? AND at >= ? ORDER BY at",
        (grain_s, since),
    )
    return [Sample(*row) for row in rows]
