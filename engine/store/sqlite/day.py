"""A day of the service, read from what it keeps anyway; and the settings it ran with."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from engine.model.day import Awaited, Day, SettingChange, Slowest
from engine.model.sample import DAY_S, YEAR_DAYS
from engine.store.rows.day import AWAITED_MAX, CHANGES_KEPT, CHANGES_MAX, REASONS_MAX
from engine.store.rows.day import changed as changed_of
from engine.store.sqlite import report


def day(connection: sqlite3.Connection, system: str, begin: float, end: float) -> Day:
    """What is so now, and what happened from `begin` to `end`, unix seconds.

    Args:
        system: the target, whose requests are counted.
    """
    linked, in_step = connection.execute(
        "SELECT count(*), sum(state = 'settled' AND NOT EXISTS (SELECT 1 FROM people_tab t"
        " WHERE t.record_id = r.id AND t.state = 'pending')) FROM record r"
        " WHERE target_id IS NOT NULL"
    ).fetchone()
    first = int(begin // DAY_S)
    requests, of_year = connection.execute(
        "SELECT coalesce(sum(CASE WHEN day = :day THEN requests END), 0),"
        " coalesce(sum(requests), 0) FROM usage_day WHERE system = :system"
        " AND day <= :day AND day > :before",
        {"day": first, "system": system, "before": first - YEAR_DAYS},
    ).fetchone()
    return Day(
        begin,
        end,
        linked,
        in_step or 0,
        report.waiting_reasons(connection, REASONS_MAX),
        _awaited(connection),
        report.refused_reasons(connection, REASONS_MAX),
        _decisions(connection, begin, end),
        requests,
        of_year,
        _slowest(connection, begin),
        _changes(connection, begin, end),
    )


def _awaited(connection: sqlite3.Connection) -> list[Awaited]:
    rows = connection.execute(
        "SELECT kind, coalesce((SELECT ref FROM person WHERE awaited.kind = 'person'"
        " AND person.id = CAST(awaited.name AS INTEGER)), name), count(*) FROM awaited"
        " GROUP BY kind, name ORDER BY count(*) DESC, kind, name LIMIT ?",
        (AWAITED_MAX,),
    )
    return [Awaited(*row) for row in rows]


def _decisions(connection: sqlite3.Connection, begin: float, end: float) -> dict[str, int]:
    rows = connection.execute(
        "SELECT decision, count(*) FROM history WHERE at >= ? AND at < ?"
        " GROUP BY decision ORDER BY count(*) DESC, decision",
        (begin, end),
    )
    return {row[0]: row[1] for row in rows}


def _slowest(connection: sqlite3.Connection, begin: float) -> Slowest | None:
    row = connection.execute(
        "SELECT ref, decision, at, took_s FROM slowest WHERE day = ?", (int(begin // DAY_S),)
    ).fetchone()
    return None if row is None else Slowest(*row)


def _changes(connection: sqlite3.Connection, begin: float, end: float) -> list[SettingChange]:
    rows = connection.execute(
        "SELECT at, key, former, later FROM setting_change WHERE at >= ? AND at < ?"
        " ORDER BY at, key LIMIT ?",
        (begin, end, CHANGES_MAX),
    )
    return [SettingChange(*row) for row in rows]


def note_settings(connection: sqlite3.Connection, values: Mapping[str, str], now: float) -> int:
    """See `Kept.note_settings`."""
    seen = dict[str, str](connection.execute("SELECT key, value FROM setting_seen").fetchall())
    changed = changed_of(seen, values)
    if seen:
        connection.executemany(
            "INSERT INTO setting_change (at, key, former, later) VALUES (?, ?, ?, ?)",
            [(now, key, seen.get(key), values.get(key)) for key in changed],
        )
        connection.execute(
            "DELETE FROM setting_change WHERE rowid <= (SELECT max(rowid) FROM setting_change) - ?",
            (CHANGES_KEPT,),
        )
    for key in changed:
        if key in values:
            connection.execute(
                "INSERT INTO setting_seen (key, value) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, values[key]),
            )
        else:
            connection.execute("DELETE FROM setting_seen WHERE key = ?", (key,))
    return len(changed) if seen else 0
