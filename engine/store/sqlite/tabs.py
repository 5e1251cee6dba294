"""People on opportunities, as work: whose roles in the target may differ from the People tab.

A row exists for every opportunity that a record is linked to. Like the record itself it is pending
or settled, and each outcome names the revision it was computed from.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection

from engine.decide import settling
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Mass
from engine.model.reason import Reason, code_of
from engine.model.tab import EMPTY_TAB, TabWork
from engine.store.rows.tabs import of_row
from engine.store.sqlite import intents, present, refused_roles, runs
from engine.store.sqlite.awaited import PERSON
from engine.store.sqlite.rows import by_name


def follow(
    connection: sqlite3.Connection,
    record_id: int,
    target_id: int,
    lane: Lane,
    now: float,
    *,
    since: float,
    created: bool,
    mass: Mass = Mass.NONE,
    let_go: int | None = None,
    people_read_since: float = -math.inf,
) -> None:
    """The opportunity was reconciled: relate its people, unless the target agrees already.

    Args:
        let_go: the run by which its people go on past the fuse, as itself did; what a plan let go
            are the roles in it alone, so they are evaluated.
        since: when what it was reconciled for happened, unix seconds.
        people_read_since: somebody read before may be another prospect by now.
    """
    if runs.is_of_a_plan(connection, let_go):
        mass = Mass.EVALUATING
    row = connection.execute(
        "SELECT r.tab, t.target_id, t.settled_tab, t.mass FROM record r"
        " LEFT JOIN people_tab t ON t.record_id = r.id WHERE r.id = ?",
        (record_id,),
    ).fetchone()
    if row is None:
        return
    tab, known_target, settled_tab, known_mass = row
    if known_target is not None and known_target != target_id:
        # It was announced for the target record that was followed until now.
        intents.end(connection, IntentKind.ROLE, record_id)
    if known_target != target_id:
        _start(
            connection,
            record_id,
            target_id,
            lane,
            now,
            since=since,
            tab=tab,
            created=created,
            mass=mass,
        )
    elif tab is not None and (
        tab != settled_tab
        # What is held of a tab that is as it was is held no more.
        or known_mass == Mass.HELD
        or _outdated(connection, tab, people_read_since)
    ):
        look_again(connection, [record_id], lane, now, since=since, mass=mass)
    if let_go is not None and mass is Mass.APPROVED:
        connection.execute(
            "UPDATE people_tab SET let_go = ? WHERE record_id = ? AND mass = 3", (let_go, record_id)
        )


def _outdated(connection: sqlite3.Connection, tab: str, people_read_since: float) -> bool:
    """Whether a prospect on the tab was last read as a person before then."""
    row = connection.execute(
        "SELECT 1 FROM json_each(?) AS line JOIN person AS p"
        " ON p.id = json_extract(line.value, '$[0]')"
        " WHERE p.prospect_id IS NOT NULL AND p.read_at < ? LIMIT 1",
        (tab, people_read_since),
    ).fetchone()
    return row is not None


def _start(
    connection: sqlite3.Connection,
    record_id: int,
    target_id: int,
    lane: Lane,
    now: float,
    *,
    since: float,
    tab: str | None,
    created: bool,
    mass: Mass,
) -> None:
    rests = tab is None or tab == EMPTY_TAB
    connection.execute(
        "INSERT INTO people_tab (record_id, state, lane, due_at, pending_since, target_id,"
        " listed, settled_tab, mass) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (record_id) DO UPDATE SET state = excluded.state, revision = revision + 1,"
        " lane = excluded.lane, due_at = excluded.due_at, target_id = excluded.target_id,"
        " pending_since = excluded.pending_since,"
        " listed = excluded.listed, settled_tab = excluded.settled_tab, attempts = 0,"
        " failed_at = NULL, taken_since = NULL, given_up = 0, reason = NULL,"
        " reason_code = NULL, reason_class = NULL, mass = excluded.mass",
        (
            record_id,
            "settled" if rests else "pending",
            lane,
            now,
            since,
            target_id,
            int(created),
            tab if rests else None,
            Mass.NONE if rests else mass,
        ),
    )


def look_again(
    connection: sqlite3.Connection,
    record_ids: Collection[int],
    lane: Lane,
    now: float,
    *,
    since: float | None = None,
    mass: Mass = Mass.NONE,
) -> int:
    """The roles of these opportunities may differ; returns how many are followed at all.

    Args:
        since: when the change of them happened, unix seconds; None for just now.
        mass: whether the reason is part of a mass change; a fresh edit never is.
    """
    since = now if since is None else since
    return sum(_look_again(connection, one, lane, mass, since=since, now=now) for one in record_ids)


def _look_again(
    connection: sqlite3.Connection,
    record_id: int,
    lane: Lane,
    mass: Mass,
    *,
    since: float,
    now: float,
) -> bool:
    found = present.tab(connection, record_id)
    due = None if found is None else settling.tab_again(found, lane, mass, since=since, at=now)
    if due is None:
        return False
    connection.execute(
        "UPDATE people_tab SET due_at = ?, lane = ?, mass = ?, pending_since = ?,"
        " state = 'pending', revision = revision + 1, attempts = 0, given_up = 0"
        " WHERE record_id = ?",
        (due.due_at, due.lane.value, due.mass.value, due.pending_since, record_id),
    )
    return True


def park_emptied(
    connection: sqlite3.Connection, record_ids: Collection[int], lane: Lane, now: float
) -> None:
    """These tabs are empty now: whose roles were ours wait for the end of the poll.

    Only then it is known how many tabs were emptied at once; see `fuse.judge_parked`.
    """
    for record_id in record_ids:
        found = present.tab(connection, record_id)
        ours = (
            found is not None
            and connection.execute(
                "SELECT 1 FROM role WHERE target_id = ? AND made LIMIT 1", (found.target_id,)
            ).fetchone()
        )
        if found is not None and ours:
            connection.execute(
                "UPDATE people_tab SET mass = ?, due_at = ?, lane = ?, pending_since = ?,"
                " state = 'pending', revision = revision + 1, attempts = 0, given_up = 0"
                " WHERE record_id = ?",
                (Mass.EVALUATING, NEVER, lane, settling.waits_since(found, now), record_id),
            )


def look_later(
    connection: sqlite3.Connection, record_id: int, due_at: float, reason: Reason | None = None
) -> None:
    """Some line can be told only later: look again then, and say why until then."""
    found = present.tab(connection, record_id)
    if found is None:
        return
    due = settling.tab_later(found, due_at)
    connection.execute(
        "UPDATE people_tab SET revision = revision + 1, due_at = ?, pending_since = ?,"
        " state = 'pending' WHERE record_id = ?",
        (due.due_at, due.pending_since, record_id),
    )
    if reason is not None:
        connection.execute(
            "UPDATE people_tab SET reason = ?, reason_code = ? WHERE record_id = ?",
            (reason, code_of(reason), record_id),
        )


def due_keys(connection: sqlite3.Connection, lane: Lane, now: float, limit: int) -> list[int]:
    """See `Tabs.due_keys`."""
    rows = connection.execute(
        "SELECT record_id FROM people_tab WHERE state = 'pending' AND lane = ? AND due_at <= ?"
        " ORDER BY due_at, record_id LIMIT ?",
        (lane, now, limit),
    )
    return [row[0] for row in rows]


def next_due(connection: sqlite3.Connection, lane: Lane, now: float) -> float | None:
    """See `Tabs.next_due`."""
    return connection.execute(
        "SELECT min(due_at) FROM people_tab WHERE state = 'pending' AND lane = ? AND due_at > ?",
        (lane, now),
    ).fetchone()[0]


def load(connection: sqlite3.Connection, record_id: int) -> TabWork | None:
    """See `Tabs.load`."""
    found = connection.execute(
        "SELECT t.record_id, t.target_id, t.pending_since, t.revision, t.lane, t.mass, t.listed,"  # noqa: S608 # a constant
        " t.attempts, t.failed_at, t.failures, t.taken_since, t.let_go,"
        " r.mass AS of_record, r.lifted, r.ref, r.version, r.payload, r.tab,"
        " (r.state IN ('refused', 'ineligible') OR EXISTS (SELECT 1 FROM skip s"
        "  WHERE s.record_type = 'opportunity' AND s.record_id = r.id)) AS left_out,"
        " u.target_id AS undone_id, u.version AS undone_version, u.mapping AS undone_mapping,"
        " u.fields AS undone_fields, u.tab AS undone_tab, u.run AS undone_run,"
        f" {intents.COLUMNS} FROM people_tab t JOIN record r ON r.id = t.record_id"
        f"{intents.OF_TAB} LEFT JOIN undone u ON u.record_id = r.id"
        " WHERE t.record_id = ? AND t.state = 'pending'"
        " AND t.mass <> 2",
        (record_id,),
    ).fetchone()
    if found is None:
        return None
    row = by_name(found)
    target_id = row["target_id"]
    return of_row(
        row,
        # Those on one it was linked to before are not among them.
        roles=connection.execute(
            "SELECT id, prospect_id, role, made, seen_at FROM role WHERE target_id = ? ORDER BY id",
            (target_id,),
        ),
        edits=connection.execute(
            "SELECT role_id, sent_at, became, became IS NOT NULL OR removes FROM role_edit"
            " WHERE target_id = ?",
            (target_id,),
        ),
        refused=refused_roles.on(connection, target_id),
    )


def wake_awaiting(connection: sqlite3.Connection, people: Collection[int], now: float) -> int:
    """See `Tabs.wake_awaiting`."""
    woken = 0
    for person_id in people:
        rows = connection.execute(
            "SELECT record_id FROM awaited WHERE kind = ? AND name = ?", (PERSON, str(person_id))
        ).fetchall()
        woken += look_again(connection, [row[0] for row in rows], Lane.BACKLOG, now)
    return woken


def people_ahead(connection: sqlite3.Connection, limit: int, *, weighed: bool = False) -> list[int]:
    """See `Tabs.people_ahead`."""
    rows = connection.execute(
        "SELECT DISTINCT json_extract(line.value, '$[0]') FROM"
        " (SELECT r.tab FROM people_tab t JOIN record r ON r.id = t.record_id"
        "  WHERE t.state = 'pending' AND r.tab IS NOT NULL AND t.mass <> 2"
        "  AND ? = (t.mass = 1 OR (t.mass = 0 AND t.lane = 1 AND r.mass IN (1, 2)))"
        "  ORDER BY t.lane, t.due_at, t.record_id LIMIT ?) AS next, json_each(next.tab) AS line",
        (weighed, limit),
    )
    return [row[0] for row in rows]
