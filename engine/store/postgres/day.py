"""A day of the service, read from what it keeps anyway; and the settings it ran with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.model.day import Awaited, Day, SettingChange, Slowest
from engine.model.sample import DAY_S, YEAR_DAYS
from engine.store.postgres import report
from engine.store.postgres.session import Session
from engine.store.rows.day import AWAITED_MAX, CHANGES_KEPT, CHANGES_MAX, REASONS_MAX, changed


def day(connection: Session, system: str, begin: float, end: float) -> Day:
    """What is so now, and what happened from `begin` to `end`, unix seconds.

    Args:
        system: the target, whose requests are counted.
    """
    linked, in_step = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE r.state = 'settled' AND t.record_id IS NULL)"
        " FROM record r LEFT JOIN people_tab t ON t.record_id = r.id AND t.state = 'pending'"
        " WHERE r.target_id IS NOT NULL"
    ).fetchone()
    first = int(begin // DAY_S)
    requests, of_year = connection.execute(
        "SELECT coalesce(sum(requests) FILTER (WHERE day = %(day)s), 0)::bigint,"
        " coalesce(sum(requests), 0)::bigint FROM usage_day"
        " WHERE system = %(system)s AND day <= %(day)s AND day > %(before)s",
        {"day": first, "system": system, "before": first - YEAR_DAYS},
    ).fetchone()
    return Day(
        begin,
        end,
        linked,
        in_step,
        report.waiting_reasons(connection, REASONS_MAX),
        _awaited(connection),
        report.refused_reasons(connection, REASONS_MAX),
        _decisions(connection, begin, end),
        requests,
        of_year,
        _slowest(connection, begin),
        _changes(connection, begin, end),
    )


def _awaited(connection: Session) -> list[Awaited]:
    # The name of a person is its id; whatever else is there need be no number.
    rows = connection.execute(
        "SELECT most.kind, coalesce(p.ref, most.name), most.number FROM"
        " (SELECT kind, name, count(*) AS number FROM awaited"
        "  GROUP BY kind, name ORDER BY count(*) DESC, kind, name LIMIT %s) AS most"
        " LEFT JOIN person p ON p.id ="
        "  CASE WHEN most.kind = 'person' AND most.name ~ '^[0-9]{1,18}$'"
        "  THEN most.name::bigint END"
        " ORDER BY most.number DESC, most.kind, most.name",
        (AWAITED_MAX,),
    )
    return [Awaited(*row) for row in rows]


def _decisions(connection: Session, begin: float, end: float) -> dict[str, int]:
    rows = connection.execute(
        "SELECT decision, count(*) FROM history WHERE at >= %s AND at < %s"
        " GROUP BY decision ORDER BY count(*) DESC, decision",
        (begin, end),
    )
    return {row[0]: row[1] for row in rows}


def _slowest(connection: Session, begin: float) -> Slowest | None:
    row = connection.execute(
        "SELECT ref, decision, at, took_s FROM slowest WHERE day = %s", (int(begin // DAY_S),)
    ).fetchone()
    return None if row is None else Slowest(*row)


def _changes(connection: Session, begin: float, end: float) -> list[SettingChange]:
    rows = connection.execute(
        "SELECT at, key, former, later FROM setting_change WHERE at >= %s AND at < %s"
        " ORDER BY at, key, seq LIMIT %s",
        (begin, end, CHANGES_MAX),
    )
    return [SettingChange(*row) for row in rows]


def note_settings(connection: Session, values: Mapping[str, str], now: float) -> int:
    """See `Kept.note_settings`."""
    seen = dict[str, str](connection.execute("SELECT key, value FROM setting_seen ORDER BY key"))
    others = changed(seen, values)
    if not others:
        return 0
    if seen:
        _note(connection, others, seen, values, now)
    present = [key for key in others if key in values]
    connection.execute(
        "INSERT INTO setting_seen (key, value) SELECT * FROM unnest(%s::text[], %s::text[])"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (present, [values[key] for key in present]),
    )
    connection.execute(
        "DELETE FROM setting_seen WHERE key = ANY(%s::text[])",
        ([key for key in others if key not in values],),
    )
    return len(others) if seen else 0


def _note(
    connection: Session,
    keys: Sequence[str],
    seen: Mapping[str, str],
    values: Mapping[str, str],
    now: float,
) -> None:
    connection.execute(
        "INSERT INTO setting_change (at, key, former, later)"
        " SELECT %s, one.key, one.former, one.later"
        " FROM unnest(%s::text[], %s::text[], %s::text[])"
        " WITH ORDINALITY AS one (key, former, later, place) ORDER BY one.place",
        (now, list(keys), [seen.get(key) for key in keys], [values.get(key) for key in keys]),
    )
    connection.execute(
        "DELETE FROM setting_change WHERE seq <="
        " (SELECT seq FROM setting_change ORDER BY seq DESC LIMIT 1 OFFSET %s)",
        (CHANGES_KEPT,),
    )
