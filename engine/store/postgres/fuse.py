"""The mass-change fuse, as kept: which edits of one sweep or mapping wait for an approval.

A record or tab taken in by a sweep, an audit, a changed mapping or the first look at a pair is
first evaluated and, when something would be changed for it, held. Only when the last of them is
evaluated it is known how many there are, and they go on together or wait for somebody.

What is counted before it is evaluated is *parked*: records to be created that the first look shows,
and tabs that a poll shows empty. The end of the poll says how many those are.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from engine.decide import mass_change
from engine.decide.mass_change import Part, Verdict
from engine.model.approval import EVERYTHING, Approved, Chosen
from engine.model.fields import Fields
from engine.model.kept import FIRST_LOOK, MAPPING, MARKS
from engine.model.mass_change import NEVER, WOULD_CREATE, Counts, Held, Limits, Mass, Parked
from engine.model.run import RunKind
from engine.store.postgres import kept, runs
from engine.store.postgres.session import Session
from engine.store.rows.fuse import (
    AS_BEFORE,
    SETTING,
    UNFINISHED,
    named,
    tripped,
    tripped_at,
    why,
)


def hold_record(
    connection: Session,
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
        "UPDATE record SET mass = %s, due_at = %s, synced = %s, reason = %s, reason_code = %s,"
        " reason_class = 'held_back' WHERE id = %s AND revision = %s",
        (Mass.HELD, NEVER, synced, *why(would), record_id, revision),
    )
    if target_id is None:
        return
    connection.execute(
        "UPDATE record SET target_id = %s WHERE id = %s AND revision = %s AND target_id IS NULL"
        " AND EXISTS (SELECT 1 FROM claim c WHERE c.target_id = %s AND c.record_id = record.id)",
        (target_id, record_id, revision, target_id),
    )


def hold_tab(
    connection: Session,
    record_id: int,
    revision: int,
    would: str,
    people: Collection[int] = (),
) -> None:
    """Roles would be edited, or these people told something; that waits likewise."""
    connection.execute(
        "UPDATE people_tab SET mass = %s, due_at = %s, given_up = 0, reason = %s,"
        " reason_code = %s, reason_class = 'held_back', held_people = %s"
        " WHERE record_id = %s AND revision = %s",
        (Mass.HELD, NEVER, *why(would), json.dumps(sorted(people)), record_id, revision),
    )


def held(connection: Session) -> Held:
    """See `Fuse.held`."""
    records, creates, unknown, tabs, people, linked, has_tripped = connection.execute(
        "SELECT (SELECT count(*) FROM record WHERE mass = 2 AND state = 'pending'),"
        " (SELECT count(*) FROM record WHERE mass = 2 AND state = 'pending'"
        # What takes the place of one that is gone is a change of what was linked.
        "  AND target_id IS NULL AND linked = 0 AND gone_id IS NULL),"
        " (SELECT count(*) FROM record WHERE mass = 2 AND state = 'pending'"
        "  AND target_id IS NULL AND linked = 1),"
        " (SELECT count(*) FROM people_tab WHERE mass = 2 AND state = 'pending'),"
        " (SELECT count(DISTINCT one) FROM people_tab,"
        "  jsonb_array_elements(held_people::jsonb) AS one"
        "  WHERE mass = 2 AND state = 'pending'),"
        " (SELECT count(*) FROM record WHERE target_id IS NOT NULL),"
        " EXISTS (SELECT 1 FROM setting WHERE name = %s)",
        (SETTING,),
    ).fetchone()
    return Held(records + tabs, linked + unknown, has_tripped, people, creates)


def held_since(connection: Session) -> float | None:
    """When the fuse tripped, unix seconds; None while nothing needs an approval."""
    fact = kept.setting(connection, SETTING)
    return None if fact is None else tripped_at(fact)


def waiting(connection: Session) -> bool:
    """See `Fuse.waiting`."""
    return connection.execute(
        "SELECT EXISTS (SELECT 1 FROM record WHERE mass = 2)"
        " OR EXISTS (SELECT 1 FROM people_tab WHERE mass = 2)"
        " OR EXISTS (SELECT 1 FROM setting WHERE name = %s)",
        (SETTING,),
    ).fetchone()[0]


def decide(connection: Session, limits: Limits, now: float) -> Held | None:
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


def _counts(connection: Session) -> Counts:
    present = held(connection)
    newcomers, linked = 0, 0
    if present.tripped:
        since = held_since(connection)
        newcomers, linked = connection.execute(
            # What is held, was met where a page showed few changes, and only since then.
            "SELECT (SELECT count(*) FROM record"
            "  WHERE mass = 2 AND lane = 0 AND captured_at > %s)"
            " + (SELECT count(*) FROM people_tab"
            "  WHERE mass = 2 AND lane = 0 AND pending_since > %s),"
            " (SELECT count(*) FROM record WHERE target_id IS NOT NULL)",
            (since, since),
        ).fetchone()
    evaluating, unread = connection.execute(
        # A record that keeps failing is no reason to keep all the others waiting, and what is
        # parked is judged by itself.
        "SELECT EXISTS (SELECT 1 FROM record WHERE mass = 1"
        " AND state = 'pending' AND attempts = 0 AND due_at < %s)"
        " OR EXISTS (SELECT 1 FROM people_tab WHERE mass = 1"
        " AND state = 'pending' AND attempts = 0 AND due_at < %s),"
        " EXISTS (SELECT 1 FROM setting WHERE name = ANY(%s::text[]))",
        (NEVER, NEVER, [MAPPING, FIRST_LOOK, *MARKS]),
    ).fetchone()
    return Counts(present, unread, evaluating, newcomers, linked)


def _let_newcomers_go(connection: Session, now: float) -> None:
    since = held_since(connection)
    connection.execute(
        "UPDATE record SET mass = 3, due_at = %s, reason = NULL, reason_class = NULL"
        " WHERE mass = 2 AND lane = 0 AND captured_at > %s",
        (now, since),
    )
    connection.execute(
        "UPDATE people_tab SET mass = 3, due_at = %s, reason = NULL, reason_class = NULL"
        " WHERE mass = 2 AND lane = 0 AND pending_since > %s",
        (now, since),
    )


def _trip(connection: Session, now: float) -> None:
    records = held(connection).records
    kept.set_setting(connection, SETTING, tripped(records, now))


def judge_parked(connection: Session, limits: Limits, now: float, *, first_look: bool) -> int:
    """See `Fuse.judge_parked`."""
    tabs, creates = connection.execute(
        "SELECT (SELECT count(*) FROM people_tab WHERE mass = 1 AND due_at = %s),"
        " (SELECT count(*) FROM record WHERE mass = 1 AND due_at = %s AND state = 'pending')",
        (NEVER, NEVER),
    ).fetchone()
    linked = held(connection).linked if tabs else 0
    decision = mass_change.decide_parked(Parked(tabs, creates, linked, first_look), limits)
    due = connection.execute(
        "UPDATE people_tab SET mass = %s, due_at = %s WHERE mass = 1 AND due_at = %s",
        (decision.tabs, now, NEVER),
    ).rowcount
    if first_look:
        kept.forget_setting(connection, FIRST_LOOK)
    if decision.creates is Mass.HELD:
        connection.execute(
            "UPDATE record SET mass = %s, reason = %s, reason_code = %s,"
            " reason_class = 'held_back'"
            " WHERE mass = 1 AND due_at = %s AND state = 'pending'",
            (Mass.HELD, *why(WOULD_CREATE), NEVER),
        )
    elif decision.creates is not None:
        due += connection.execute(
            "UPDATE record SET mass = %s, due_at = %s WHERE mass = 1 AND due_at = %s",
            (decision.creates, now, NEVER),
        ).rowcount
    return due


def forget_unfinished(connection: Session, now: float) -> int:
    """See `Fuse.forget_unfinished`."""
    connection.execute("DELETE FROM setting WHERE name = ANY(%s::text[])", (list(MARKS),))
    of_a_plan = "let_go IN (SELECT id FROM run WHERE kind = %s)"
    given = (RunKind.APPLIED,)
    return _hold_again(
        connection, now, records=of_a_plan, tabs=of_a_plan, given=given, would=UNFINISHED
    )


def release(connection: Session, now: float, chosen: Chosen = EVERYTHING) -> int:
    """See `Fuse.release`."""
    return _release(connection, now, chosen, None)


def approve(connection: Session, now: float, chosen: Chosen = EVERYTHING) -> Approved:
    """See `Fuse.approve`."""
    if not held_ids(connection, chosen):
        return Approved()
    run = runs.begin(connection, RunKind.APPROVED, now)
    return Approved(_release(connection, now, chosen, run), run)


def _release(connection: Session, now: float, chosen: Chosen, run: int | None) -> int:
    released = _let_go(connection, now, creates=True, chosen=chosen, run=run)
    if not held(connection).records:
        kept.forget_setting(connection, SETTING)
    return released


def take_out(connection: Session, record_id: int, run: int, now: float) -> bool:
    """See `Fuse.take_out`."""
    taken = [
        connection.execute(
            f"UPDATE {table} SET mass = %s, let_go = %s, due_at = %s, reason = NULL,"  # noqa: S608 # words of ours
            f" reason_code = NULL, reason_class = NULL WHERE {column} = %s"
            " AND state = 'pending' AND mass IN (1, 2) RETURNING 1",
            (Mass.APPROVED, run, now, record_id),
        )
        for table, column in (("record", "id"), ("people_tab", "record_id"))
    ]
    return any(one.fetchone() is not None for one in taken)


def hold_again(connection: Session, record_id: int, run: int, now: float) -> None:
    """See `Fuse.hold_again`."""
    _hold_again(
        connection,
        now,
        records="id = %s AND let_go = %s",
        tabs="record_id = %s AND let_go = %s",
        given=(record_id, run),
        would=AS_BEFORE,
    )


def _hold_again(
    connection: Session,
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
    held_again = [
        connection.execute(
            f"UPDATE {table} SET mass = %s, due_at = %s, reason = %s, reason_code = %s,"  # noqa: S608 # words of ours
            f" reason_class = 'held_back' WHERE mass = 3 AND state = 'pending' AND {these}",
            (Mass.HELD, NEVER, *why(would), *given),
        )
        for table, these in (("record", records), ("people_tab", tabs))
    ]
    again = sum(one.rowcount for one in held_again)
    if again and kept.setting(connection, SETTING) is None:
        _trip(connection, now)
    return again


def held_ids(connection: Session, chosen: Chosen = EVERYTHING) -> list[int]:
    """The records of which anything is held and chosen."""
    these, which = _chosen(chosen, "id", "captured_at")
    tabs, which_tabs = _chosen(chosen, "record_id", "pending_since")
    rows = connection.execute(
        f"SELECT id FROM record WHERE mass = 2 AND state = 'pending' AND {these}"  # noqa: S608 # words of ours
        " UNION SELECT record_id FROM people_tab"
        f" WHERE mass = 2 AND state = 'pending' AND {tabs} ORDER BY id",
        (*which, *which_tabs),
    )
    return [row[0] for row in rows]


def _chosen(chosen: Chosen, record_id: str, since: str) -> tuple[str, tuple[object, ...]]:
    """The same as a condition, in SQL, with what it asks for.

    Args:
        record_id, since: the columns of the record, and of when it came.
    """
    among = (
        f"({record_id} = ANY(%s::bigint[]) OR {record_id} IN"  # noqa: S608 # words of ours
        " (SELECT t.record_id FROM tab_person t WHERE t.person_id = ANY(%s::bigint[])))"
    )
    condition: str = f"NOT {among}"
    given: tuple[object, ...] = named(chosen.beside)
    if chosen.only is not None:
        condition, given = f"{condition} AND {among}", (*given, *named(chosen.only))
    if chosen.seen_at is not None:
        return f"{condition} AND {since} <= %s", (*given, chosen.seen_at)
    return condition, given


def _let_go(
    connection: Session,
    now: float,
    *,
    creates: bool,
    chosen: Chosen = EVERYTHING,
    run: int | None = None,
) -> int:
    these, which = _chosen(chosen, "id", "captured_at")
    records = connection.execute(
        "UPDATE record SET mass = 3, let_go = %s, due_at = 0, pending_since = %s, reason = NULL,"  # noqa: S608 # words of ours
        " reason_code = NULL, reason_class = NULL WHERE mass = 2 AND state = 'pending'"
        f" AND (%s = 1 OR target_id IS NOT NULL OR linked = 1 OR gone_id IS NOT NULL) AND {these}",
        (run, now, creates, *which),
    )
    these, which = _chosen(chosen, "record_id", "pending_since")
    tabs = connection.execute(
        "UPDATE people_tab SET mass = 3, let_go = %s, due_at = 0, pending_since = %s,"  # noqa: S608 # words of ours
        " reason = NULL, reason_code = NULL, reason_class = NULL"
        f" WHERE mass = 2 AND state = 'pending' AND {these}",
        (run, now, *which),
    )
    return records.rowcount + tabs.rowcount
