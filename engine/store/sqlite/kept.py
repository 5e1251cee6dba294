"""Facts, secrets and request counts the service keeps between runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from engine.model.sample import YEAR_DAYS
from engine.store.rows import kept as rows
from engine.store.rows.kept import AHEAD, WORKED


def setting(connection: sqlite3.Connection, name: str) -> str | None:
    """See `Kept.setting`."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def set_setting(connection: sqlite3.Connection, name: str, value: str) -> None:
    """See `Kept.set_setting`."""
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def forget_setting(connection: sqlite3.Connection, name: str) -> None:
    """See `Kept.forget_setting`."""
    connection.execute("DELETE FROM setting WHERE name = ?", (name,))


def keep_ahead(
    connection: sqlite3.Connection, feed: str, records: Sequence[tuple[str, float]]
) -> None:
    """See `Kept.keep_ahead`."""
    name = f"{AHEAD}{feed}"
    if records:
        set_setting(connection, name, json.dumps(records))
    else:
        forget_setting(connection, name)


def clock_notes(connection: sqlite3.Connection) -> list[str]:
    """What is to be told of the source's clocks, a line each."""
    ahead = connection.execute(
        "SELECT value FROM setting WHERE name >= ? AND name < ? ORDER BY name",
        (AHEAD, AHEAD + "\uffff"),
    )
    skew = connection.execute("SELECT coalesce(max(skew_s), 0.0) FROM watermark")
    return rows.clock_notes((row[0] for row in ahead), skew.fetchone()[0])


def claim_pair(connection: sqlite3.Connection, pair: str) -> None:
    """See `Kept.claim_pair`."""
    known = setting(connection, "pair")
    records = connection.execute("SELECT EXISTS (SELECT 1 FROM record)").fetchone()[0]
    if known is not None and known != pair and records:
        raise rows.another_pair(known, pair)
    if known != pair:
        # What another pair did is no proof of this one.
        forget_setting(connection, WORKED)
    set_setting(connection, "pair", pair)


def note_that_it_works(connection: sqlite3.Connection, now: float) -> None:
    """See `Kept.note_that_it_works`."""
    if setting(connection, WORKED) is None:
        set_setting(connection, WORKED, str(now))


def has_worked(connection: sqlite3.Connection) -> bool:
    """See `Kept.has_worked`."""
    if setting(connection, WORKED) is not None:
        return True
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM record)").fetchone()[0])


def secret(connection: sqlite3.Connection, name: str) -> str | None:
    """See `Kept.secret`."""
    row = connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def set_secret(connection: sqlite3.Connection, name: str, value: str) -> None:
    """See `Kept.set_secret`."""
    connection.execute(
        "INSERT INTO secret (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def save_usage(
    connection: sqlite3.Connection,
    system: str,
    minutes: Mapping[int, int],
    days: Mapping[int, int],
) -> None:
    """See `Kept.save_usage`."""
    for table, unit, counts in (("usage_minute", "minute", minutes), ("usage_day", "day", days)):
        connection.executemany(
            f"INSERT INTO {table} (system, {unit}, requests) VALUES (?, ?, ?)"  # noqa: S608 # names above
            f" ON CONFLICT (system, {unit}) DO UPDATE SET requests = excluded.requests",
            [(system, at, requests) for at, requests in counts.items()],
        )
    if minutes:
        connection.execute(
            "DELETE FROM usage_minute WHERE system = ? AND (minute < ? OR minute > ?)",
            (system, max(minutes) - 61, max(minutes)),
        )
    if days:
        connection.execute(
            "DELETE FROM usage_day WHERE system = ? AND (day < ? OR day > ?)",
            (system, max(days) - YEAR_DAYS, max(days)),
        )


def load_usage(
    connection: sqlite3.Connection, system: str
) -> tuple[dict[int, int], dict[int, int]]:
    """See `Kept.load_usage`."""
    minutes = connection.execute(
        "SELECT minute, requests FROM usage_minute WHERE system = ? ORDER BY minute", (system,)
    )
    minute_counts = dict[int, int](minutes.fetchall())
    days = connection.execute("SELECT day, requests FROM usage_day WHERE system = ?", (system,))
    return minute_counts, dict[int, int](days.fetchall())
