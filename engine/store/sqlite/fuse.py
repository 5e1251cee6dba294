"""The mass-change fuse, as kept: which edits of one sweep or mapping wait for an approval.

A record or tab taken in by a sweep, an audit, a changed mapping or the first look at a pair is
first evaluated and, when something would be changed for it, held. Only when the last of them is
evaluated it is known how many there are, and they go on together or wait for somebody.

What is counted before it is evaluated is *parked*: records to be created that the first look shows,
and tabs that a poll shows empty. The end of the poll says how many those are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable

from engine.decide import mass_change
from engine.decide.mass_change import Part, Verdict
from engine.model.approval import EVERYTHING, Approved, Chosen
from engine.model.fields import Fields
from engine.model.kept import FIRST_LOOK, MAPPING, MARKS
from engine.model.mass_change import NEVER, WOULD_CREATE, Counts, Held, Limits, Mass, Parked
from engine.model.named import Named
from engine.model.run import RunKind
from engine.store.rows.fuse import AS_BEFORE, SETTING, UNFINISHED, tripped, tripped_at, why
from engine.store.rows.fuse import named as ids_of
from engine.store.sqlite import kept, runs


def hold_record(
    connection: sqlite3.Connection,
    record_id: int,
    revision: int,
    known: Fields | None,
    would: str,
    *,
    target_id: int | None = None,
) -> None:
    """See `Fuse.hold_record`."""
    synced = None if known is None else json.dumps(known, separators=(",", ":"))
    connection.execute(
        "UPDATE record SET mass = ?, due_at = ?, synced = ?, reason = ?, reason_code = ?,"
        " reason_class = 'held_back' WHERE id = ? AND revision = ?",
        (Mass.HELD, NEVER, synced, *why(would), record_id, revision),
    )
    connection.execute(
        "UPDATE record SET target_id = ? WHERE id = ? AND revision = ? AND target_id IS NULL"
        " AND EXISTS (SELECT 1 FROM claim c WHERE c.target_id = ? AND c.record_id = record.id)",
        (target_id, record_id, revision, target_id),
    )


def hold_tab(
    connection: sqlite3.Connection,
    record_id: int,
    revision: int,
    would: str,
    people: Collection[int] = (),
) -> None:
    """Roles would be edited, or these people told something; that waits likewise."""
    connection.execute(
        "UPDATE people_tab SET mass = ?, due_at = ?, given_up = 0, reason = ?, reason_code = ?,"
        " reason_class = 'held_back', held_people = ? WHERE record_id = ? AND revision = ?",
        (Mass.HELD, NEVER, *why(would), json.dumps(sorted(people)), record_id, revision),
    )


def held(connection: sqlite3.Connection) -> Held:
    """See `Fuse.held`."""
    # Without the index's own condition SQLite would read every record.
    records, creates, unknown, tabs, people, linked = connection.execute(
        "SELECT (SELECT count(*) FROM record WHERE mass > 0 AND mass = 2 AND state = 'pending'),"
        " (SELECT count(*) FROM record WHERE mass > 0 AND mass = 2 AND state = 'pending'"
        # What takes the place of one that is gone is a change of what was linked.
        "  AND target_id IS NULL AND NOT linked AND gone_id IS NULL),"
        " (SELECT count(*) FROM record WHERE mass > 0 AND mass = 2 AND state = 'pending'"
        "  AND target_id IS NULL AND linked),"
        " (SELECT count(*) FROM people_tab WHERE mass > 0 AND mass = 2 AND state = 'pending'),"
        " (SELECT count(DISTINCT one.value) FROM people_tab, json_each(held_people) AS one"
        "  WHERE mass > 0 AND mass = 2 AND state = 'pending'),"
        " (SELECT count(*) FROM record WHERE target_id IS NOT NULL)"
    ).fetchone()
    has_tripped = kept.setting(connection, SETTING) is not None
    return Held(records + tabs, linked + unknown, has_tripped, people, creates)


def held_since(connection: sqlite3.Connection) -> float | None:
    """When the fuse tripped, unix seconds; None while nothing needs an approval."""
    fact = kept.setting(connection, SETTING)
    return None if fact is None else tripped_at(fact)


def waiting(connection: sqlite3.Connection) -> bool:
    """See `Fuse.waiting`."""
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM record WHERE mass > 0 AND mass = 2)"
            " OR EXISTS (SELECT 1 FROM people_tab WHERE mass > 0 AND mass = 2)"
            " OR EXISTS (SELECT 1 FROM setting WHERE name = ?)",
            (SETTING,),
        ).fetchone()[0]
    )


def decide(connection: sqlite3.Connection, limits: Limits, now: float) -> Held | None:
    """See `Fuse.decide`."""
    counts = _counts(connection)
    decision = mass_change.decide(counts, limits)
    if decision.mended:
        kept.forget_setting(connection, SETTING)
    if decision.verdict is Verdict.JOIN:
        _trip(connection, now)
    if decision.verdict is Verdict.TRIP:
        if decision.goes_on is Part.CHANGES:
            _let_go(connection, now, creates=False)
        _trip(connection, now)
        return held(connection)
    if decision.verdict is not Verdict.GO_ON:
        return None
    if decision.goes_on is Part.NEWCOMERS:
        _let_newcomers_go(connection, now)
        return Held(counts.newcomers, counts.linked, tripped=False)
    release(connection, now)
    return counts.held


def _counts(connection: sqlite3.Connection) -> Counts:
    present = held(connection)
    newcomers, linked = 0, 0
    if present.tripped:
        since = held_since(connection)
        newcomers, linked = connection.execute(
            # What is held, was met where a page showed few changes, and only since then.
            "SELECT (SELECT count(*) FROM record"
            "  WHERE mass > 0 AND mass = 2 AND lane = 0 AND captured_at > ?)"
            " + (SELECT count(*) FROM people_tab"
            "  WHERE mass > 0 AND mass = 2 AND lane = 0 AND pending_since > ?),"
            " (SELECT count(*) FROM record WHERE target_id IS NOT NULL)",
            (since, since),
        ).fetchone()
    evaluating, unread = connection.execute(
        # A record that keeps failing is no reason to keep all the others waiting, and what is
        # parked is judged by itself.
        "SELECT EXISTS (SELECT 1 FROM record WHERE mass > 0 AND mass = 1"
        " AND state = 'pending' AND attempts = 0 AND due_at < ?)"
        " OR EXISTS (SELECT 1 FROM people_tab WHERE mass > 0 AND mass = 1"
        " AND state = 'pending' AND attempts = 0 AND due_at < ?),"
        " EXISTS (SELECT 1 FROM setting WHERE name IN (SELECT value FROM json_each(?)))",
        (NEVER, NEVER, json.dumps([MAPPING, FIRST_LOOK, *MARKS])),
    ).fetchone()
    return Counts(present, bool(unread), bool(evaluating), newcomers, linked)


def _let_newcomers_go(connection: sqlite3.Connection, now: float) -> None:
    since = held_since(connection)
    connection.execute(
        "UPDATE record SET mass = 3, due_at = ?, reason = NULL, reason_class = NULL"
        " WHERE mass > 0 AND mass = 2 AND lane = 0 AND captured_at > ?",
        (now, since),
    )
    connection.execute(
        "UPDATE people_tab SET mass = 3, due_at = ?, reason = NULL, reason_class = NULL"
        " WHERE mass > 0 AND mass = 2 AND lane = 0 AND pending_since > ?",
        (now, since),
    )


def _trip(connection: sqlite3.Connection, now: float) -> None:
    records = held(connection).records
    kept.set_setting(connection, SETTING, tripped(records, now))


def judge_parked(
    connection: sqlite3.Connection, limits: Limits, now: float, *, first_look: bool
) -> int:
    """See `Fuse.judge_parked`."""
    tabs, creates = connection.execute(
        "SELECT (SELECT count(*) FROM people_tab WHERE mass > 0 AND mass = 1 AND due_at = ?),"
        " (SELECT count(*) FROM record"
        "  WHERE mass > 0 AND mass = 1 AND due_at = ? AND state = 'pending')",
        (NEVER, NEVER),
    ).fetchone()
    linked = held(connection).linked if tabs else 0
    decision = mass_change.decide_parked(Parked(tabs, creates, linked, first_look), limits)
    due = connection.execute(
        "UPDATE people_tab SET mass = ?, due_at = ? WHERE mass > 0 AND mass = 1 AND due_at = ?",
        (decision.tabs, now, NEVER),
    ).rowcount
    if first_look:
        kept.forget_setting(connection, FIRST_LOOK)
    if decision.creates is Mass.HELD:
        connection.execute(
            "UPDATE record SET mass = ?, reason = ?, reason_code = ?, reason_class = 'held_back'"
            " WHERE mass > 0 AND mass = 1 AND due_at = ? AND state = 'pending'",
            (Mass.HELD, *why(WOULD_CREATE), NEVER),
        )
    elif decision.creates is not None:
        due += connection.execute(
            "UPDATE record SET mass = ?, due_at = ? WHERE mass > 0 AND mass = 1 AND due_at = ?",
            (decision.creates, now, NEVER),
        ).rowcount
    return due


def forget_unfinished(connection: sqlite3.Connection, now: float) -> int:
    """See `Fuse.forget_unfinished`."""
    connection.executemany("DELETE FROM setting WHERE name = ?", [(mark,) for mark in MARKS])
    of_a_plan = "let_go IN (SELECT id FROM run WHERE kind = ?)"
    given = (RunKind.APPLIED,)
    return _hold_again(
        connection, now, records=of_a_plan, tabs=of_a_plan, given=given, would=UNFINISHED
    )


def release(connection: sqlite3.Connection, now: float, chosen: Chosen = EVERYTHING) -> int:
    """See `Fuse.release`."""
    return _release(connection, now, chosen, None)


def approve(connection: sqlite3.Connection, now: float, chosen: Chosen = EVERYTHING) -> Approved:
    """See `Fuse.approve`."""
    if not held_ids(connection, chosen):
        return Approved()
    run = runs.begin(connection, RunKind.APPROVED, now)
    return Approved(_release(connection, now, chosen, run), run)


def _release(connection: sqlite3.Connection, now: float, chosen: Chosen, run: int | None) -> int:
    released = _let_go(connection, now, creates=True, chosen=chosen, run=run)
    if not held(connection).records:
        kept.forget_setting(connection, SETTING)
    return released


def take_out(connection: sqlite3.Connection, record_id: int, run: int, now: float) -> bool:
    """See `Fuse.take_out`."""
    taken = 0
    for table, column in (("record", "id"), ("people_tab", "record_id")):
        taken += connection.execute(
            f"UPDATE {table} SET mass = ?, let_go = ?, due_at = ?, reason = NULL,"  # noqa: S608 # words of ours
            f" reason_code = NULL, reason_class = NULL WHERE {column} = ? AND state = 'pending'"
            " AND mass IN (?, ?)",
            (Mass.APPROVED, run, now, record_id, Mass.EVALUATING, Mass.HELD),
        ).rowcount
    return bool(taken)


def hold_again(connection: sqlite3.Connection, record_id: int, run: int, now: float) -> None:
    """See `Fuse.hold_again`."""
    _hold_again(
        connection,
        now,
        records="id = ? AND let_go = ?",
        tabs="record_id = ? AND let_go = ?",
        given=(record_id, run),
        would=AS_BEFORE,
    )


def _hold_again(
    connection: sqlite3.Connection,
    now: float,
    *,
    records: str,
    tabs: str,
    given: tuple[object, ...],
    would: str,
) -> int:
    """Hold what was let go and is still to be done; how many edits that are.

    Args:
        records, tabs: which of them, in SQL, with what is given.
        would: what is said of them.
    """
    again = 0
    for table, these in (("record", records), ("people_tab", tabs)):
        again += connection.execute(
            f"UPDATE {table} SET mass = ?, due_at = ?, reason = ?, reason_code = ?,"  # noqa: S608 # words of ours
            " reason_class = 'held_back'"
            f" WHERE mass > 0 AND mass = ? AND state = 'pending' AND {these}",
            (Mass.HELD, NEVER, *why(would), Mass.APPROVED, *given),
        ).rowcount
    if again and kept.setting(connection, SETTING) is None:
        _trip(connection, now)
    return again


def held_ids(connection: sqlite3.Connection, chosen: Chosen = EVERYTHING) -> list[int]:
    """The records of which anything is held and chosen."""
    these, which = _chosen(chosen, "id", "captured_at")
    tabs, which_tabs = _chosen(chosen, "record_id", "pending_since")
    rows = connection.execute(
        f"SELECT id FROM record WHERE mass > 0 AND mass = ? AND state = 'pending' AND {these}"  # noqa: S608 # words of ours
        " UNION SELECT record_id FROM people_tab"
        f" WHERE mass > 0 AND mass = ? AND state = 'pending' AND {tabs}",
        (Mass.HELD, *which, Mass.HELD, *which_tabs),
    )
    return [row[0] for row in rows]


def _named(named: Iterable[Named]) -> tuple[str, str]:
    """The ids of records, and those of people."""
    records, people = ids_of(named)
    return json.dumps(records), json.dumps(people)


def _chosen(chosen: Chosen, record_id: str, since: str) -> tuple[str, tuple[object, ...]]:
    """The same as a condition, in SQL, with what it asks for.

    Args:
        record_id, since: the columns of the record, and of when it came.
    """
    among = (
        f"({record_id} IN (SELECT value FROM json_each(?)) OR {record_id} IN"  # noqa: S608 # words of ours
        " (SELECT t.record_id FROM tab_person t"
        " WHERE t.person_id IN (SELECT value FROM json_each(?))))"
    )
    condition: str = f"NOT {among}"
    given: tuple[object, ...] = _named(chosen.beside)
    if chosen.only is not None:
        condition, given = f"{condition} AND {among}", (*given, *_named(chosen.only))
    if chosen.seen_at is not None:
        return f"{condition} AND {since} <= ?", (*given, chosen.seen_at)
    return condition, given


def _let_go(
    connection: sqlite3.Connection,
    now: float,
    *,
    creates: bool,
    chosen: Chosen = EVERYTHING,
    run: int | None = None,
) -> int:
    given = (Mass.APPROVED, run, now, Mass.HELD)
    these, which = _chosen(chosen, "id", "captured_at")
    records = connection.execute(
        "UPDATE record SET mass = ?, let_go = ?, due_at = 0, pending_since = ?, reason = NULL,"  # noqa: S608 # words of ours
        " reason_code = NULL, reason_class = NULL WHERE mass > 0 AND mass = ? AND state = 'pending'"
        f" AND (? OR target_id IS NOT NULL OR linked OR gone_id IS NOT NULL) AND {these}",
        (*given, creates, *which),
    ).rowcount
    these, which = _chosen(chosen, "record_id", "pending_since")
    tabs = connection.execute(
        "UPDATE people_tab SET mass = ?, let_go = ?, due_at = 0, pending_since = ?, reason = NULL,"  # noqa: S608 # words of ours
        " reason_code = NULL, reason_class = NULL"
        f" WHERE mass > 0 AND mass = ? AND state = 'pending' AND {these}",
        (*given, *which),
    ).rowcount
    return records + tabs
