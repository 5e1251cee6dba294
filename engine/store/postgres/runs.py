"""Runs, as kept: whatever is decided belongs to the present one, unless somebody says another."""

from __future__ import annotations

from engine.model.run import APART, Run, RunKind
from engine.store.postgres import kept
from engine.store.postgres.session import Session
from engine.store.rows.runs import PRESENT, applies_a_plan, same_day


def begin(connection: Session, kind: RunKind, now: float, detail: str = "") -> int:
    """A new run; the present one from now on, unless it is of something apart."""
    number = connection.execute(
        "INSERT INTO run (kind, began_at, detail) VALUES (%s, %s, %s) RETURNING id",
        (kind, now, detail),
    ).fetchone()[0]
    if kind not in APART:
        kept.set_setting(connection, PRESENT, str(number))
    return number


def begin_day(connection: Session, now: float) -> None:
    """A new run for a new day, so that none of them lasts for longer."""
    row = connection.execute(
        "SELECT began_at FROM run WHERE id = (SELECT value::bigint FROM setting WHERE name = %s)",
        (PRESENT,),
    ).fetchone()
    if row is not None and same_day(row[0], now):
        return
    begin(connection, RunKind.NEW_DAY, now)


def known(connection: Session, number: int) -> Run | None:
    """See `Undos.run`."""
    row = connection.execute(
        "SELECT id, kind, began_at, detail FROM run WHERE id = %s", (number,)
    ).fetchone()
    return None if row is None else Run(*row)


def is_of_a_plan(connection: Session, number: int | None) -> bool:
    """Whether a plan is, or was, applied in this run."""
    return number is not None and applies_a_plan(known(connection, number))


def listed(connection: Session, *, limit: int, skip: int = 0) -> list[Run]:
    """Runs that have left something, the latest first."""
    rows = connection.execute(
        "SELECT run.id, run.kind, run.began_at, run.detail, lines.decisions, lines.writes,"
        " lines.records FROM run JOIN"
        " (SELECT run, count(*) AS decisions,"
        "  coalesce(sum(json_array_length(writes::json)), 0)::bigint AS writes,"
        "  count(DISTINCT record_type || record_id) AS records FROM history"
        "  WHERE run IS NOT NULL GROUP BY run) AS lines ON lines.run = run.id"
        " ORDER BY run.id DESC LIMIT %s OFFSET %s",
        (None if limit < 0 else limit, skip),
    )
    return [Run(*row) for row in rows]
