"""Samples of how far behind the service was: kept with the usage, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.sample import HOUR_S, MINUTE_S, Sample
from engine.store.postgres import kept
from engine.store.postgres.session import Session
from engine.store.rows import samples as told
from engine.store.rows.samples import HOURS_KEPT_S, MINUTES_KEPT_S


def save_usage(
    connection: Session,
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
            "INSERT INTO sample (grain_s, at, lag_s, backlog) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (grain_s, at) DO UPDATE SET"
            " lag_s = greatest(sample.lag_s, excluded.lag_s),"
            " backlog = greatest(sample.backlog, excluded.backlog)",
            (grain_s, at, sample.lag_s, sample.backlog),
        )
        # What lies ahead was left by a clock that was.
        connection.execute(
            "DELETE FROM sample WHERE grain_s = %s AND (at < %s OR at > %s)",
            (grain_s, at - kept_s, at),
        )


def behind(connection: Session, now: float) -> Sample:
    """See `Report.behind`."""
    oldest, backlog = connection.execute(
        "SELECT min(since), sum(number)::bigint FROM (SELECT min(pending_since) AS since,"
        " count(*) AS number FROM record WHERE state = 'pending' AND mass <> 2"
        " UNION ALL SELECT min(pending_since), count(*) FROM people_tab"
        " WHERE state = 'pending' AND mass <> 2 AND given_up = 0) AS waiting"
    ).fetchone()
    return told.sample(now, oldest, backlog)


def samples(connection: Session, grain_s: int, since: int) -> list[Sample]:
    """See `Report.samples`."""
    rows = connection.execute(
        "SELECT at, lag_s, backlog FROM sample WHERE grain_s = %s AND at >= %s ORDER BY at",
        (grain_s, since),
    )
    return [Sample(*row) for row in rows]
