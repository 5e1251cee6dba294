"""Facts, secrets and request counts the service keeps between runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from engine.model.sample import YEAR_DAYS
from engine.store.postgres.session import Session
from engine.store.rows import kept as rows
from engine.store.rows.kept import AHEAD, WORKED


def setting(connection: Session, name: str) -> str | None:
    """See `Kept.setting`."""
    row = connection.execute("SELECT value FROM setting WHERE name = %s", (name,)).fetchone()
    return row[0] if row else None


def set_setting(connection: Session, name: str, value: str) -> None:
    """See `Kept.set_setting`."""
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def forget_setting(connection: Session, name: str) -> None:
    """See `Kept.forget_setting`."""
    connection.execute("DELETE FROM setting WHERE name = %s", (name,))


def keep_ahead(connection: Session, feed: str, records: Sequence[tuple[str, float]]) -> None:
    """See `Kept.keep_ahead`."""
    name = f"{AHEAD}{feed}"
    if records:
        set_setting(connection, name, json.dumps(records))
    else:
        forget_setting(connection, name)


def clock_notes(connection: Session) -> list[str]:
    """What is to be told of the source's clocks, a line each."""
    ahead = connection.execute(
        "SELECT value FROM setting WHERE name >= %s AND name < %s ORDER BY name",
        (AHEAD, AHEAD + "\uffff"),
    )
    skew = connection.execute("SELECT coalesce(max(skew_s), 0.0) FROM watermark")
    return rows.clock_notes((row[0] for row in ahead), skew.fetchone()[0])


def claim_pair(connection: Session, pair: str) -> None:
    """See `Kept.claim_pair`."""
    known, records = connection.execute(
        "SELECT (SELECT value FROM setting WHERE name = 'pair'), EXISTS (SELECT 1 FROM record)"
    ).fetchone()
    if known is not None and known != pair and records:
        raise rows.another_pair(known, pair)
    if known != pair:
        # What another pair did is no proof of this one.
        forget_setting(connection, WORKED)
    set_setting(connection, "pair", pair)


def note_that_it_works(connection: Session, now: float) -> None:
    """See `Kept.note_that_it_works`."""
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING",
        (WORKED, str(now)),
    )


def has_worked(connection: Session) -> bool:
    """See `Kept.has_worked`."""
    return connection.execute(
        "SELECT EXISTS (SELECT 1 FROM setting WHERE name = %s) OR EXISTS (SELECT 1 FROM record)",
        (WORKED,),
    ).fetchone()[0]


def secret(connection: Session, name: str) -> str | None:
    """See `Kept.secret`."""
    row = connection.execute("SELECT value FROM secret WHERE name = %s", (name,)).fetchone()
    return row[0] if row else None


def set_secret(connection: Session, name: str, value: str) -> None:
    """See `Kept.set_secret`."""
    connection.execute(
        "INSERT INTO secret (name, value) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def save_usage(
    connection: Session, system: str, minutes: Mapping[int, int], days: Mapping[int, int]
) -> None:
    """See `Kept.save_usage`."""
    for table, unit, counts, kept in (
        ("usage_minute", "minute", minutes, 61),
        ("usage_day", "day", days, YEAR_DAYS),
    ):
        if not counts:
            continue
        connection.execute(
            f"INSERT INTO {table} (system, {unit}, requests)"  # noqa: S608 # names above
            " SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[])"
            f" ON CONFLICT (system, {unit}) DO UPDATE SET requests = excluded.requests",
            (system, list(counts), list(counts.values())),
        )
        connection.execute(
            f"DELETE FROM {table} WHERE system = %s AND ({unit} < %s OR {unit} > %s)",  # noqa: S608 # names above
            (system, max(counts) - kept, max(counts)),
        )


def load_usage(connection: Session, system: str) -> tuple[dict[int, int], dict[int, int]]:
    """See `Kept.load_usage`."""
    minutes = connection.execute(
        "SELECT minute, requests FROM usage_minute WHERE system = %s ORDER BY minute", (system,)
    )
    days = connection.execute(
        "SELECT day, requests FROM usage_day WHERE system = %s ORDER BY day", (system,)
    )
    return dict[int, int](minutes), dict[int, int](days)
