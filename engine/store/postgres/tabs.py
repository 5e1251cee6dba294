"""People on opportunities, as work: whose roles in the target may differ from the People tab.

A row exists for every opportunity that a record is linked to. Like the record itself it is pending
or settled, and each outcome names the revision it was computed from.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, NamedTuple

from engine.decide import settling
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Mass
from engine.model.present import TabNow
from engine.model.reason import Reason, code_of
from engine.model.states import State
from engine.model.tab import EMPTY_TAB, TabWork
from engine.store.postgres import intents, present, refused_roles, runs
from engine.store.postgres.awaited import PERSON
from engine.store.postgres.session import Session, document
from engine.store.rows.present import of_tab
from engine.store.rows.refused_roles import by_edge
from engine.store.rows.tabs import of_row

# Of a statement about tabs: what each is right now.
NOW = (
    "state, revision, lane, mass, target_id, pending_since, due_at, failures, failed_at,"
    f" taken_since, given_up, {intents.TAB_IN_DOUBT}"
)


class Followed(NamedTuple):
    """The tab of a record, in a row with the columns of FOLLOWED.

    Args:
        tab: as the source showed it; None while it was never seen whole.
        target_id, settled_tab, mass: of the tab as it is followed; None where none is.
        outdated: whether a prospect on it was last read as a person before `people_read_since`.
    """

    tab: str | None
    target_id: int | None
    settled_tab: str | None
    mass: int | None
    outdated: bool


# Of a statement that calls the record r and its tab t, where `asked` has its id and since when
# people have to have been read.
FOLLOWED = (
    "r.tab, t.target_id, t.settled_tab, t.mass, EXISTS"
    " (SELECT FROM tab_person o JOIN person p ON p.id = o.person_id"
    "  WHERE o.record_id = asked.id AND p.prospect_id IS NOT NULL"
    "  AND p.read_at < asked.people_read_since)"
)


@dataclass(frozen=True, slots=True)
class Following:
    """An opportunity that was reconciled, whose people are to be related.

    Args:
        known: its tab as it was before; whoever settles the record has read it with the record.
        since: when what it was reconciled for happened, unix seconds.
        let_go: the run by which its people go on past the fuse, as itself did; what a plan let go
            are the roles in it alone, so they are evaluated.
    """

    record_id: int
    target_id: int
    lane: Lane
    now: float
    _: KW_ONLY
    known: Followed
    since: float
    created: bool
    mass: Mass
    let_go: int | None


def follow_each(connection: Session, following: Sequence[Following]) -> None:
    """Relate the people of each of these, unless the target agrees already."""
    weighed = [
        replace(one, mass=Mass.EVALUATING) if runs.is_of_a_plan(connection, one.let_go) else one
        for one in following
    ]
    _start(connection, [one for one in weighed if one.known.target_id != one.target_id])
    for one in weighed:
        known = one.known
        if (
            known.target_id == one.target_id
            and known.tab is not None
            and (
                known.tab != known.settled_tab
                # What is held of a tab that is as it was is held no more.
                or known.mass == Mass.HELD
                or known.outdated
            )
        ):
            look_again(
                connection, [one.record_id], one.lane, one.now, since=one.since, mass=one.mass
            )
        if one.let_go is not None and one.mass is Mass.APPROVED:
            connection.execute(
                "UPDATE people_tab SET let_go = %s WHERE record_id = %s AND mass = 3",
                (one.let_go, one.record_id),
            )


def _start(connection: Session, started: Sequence[Following]) -> None:
    """Follow the tabs of these from now on."""
    if not started:
        return
    # They were announced for the target record that was followed until now.
    former = [one.record_id for one in started if one.known.target_id is not None]
    if former:
        intents.end_each(connection, IntentKind.ROLE, former)
    connection.execute(
        "INSERT INTO people_tab (record_id, state, lane, due_at, pending_since, target_id,"
        " listed, settled_tab, mass) SELECT record_id, state, lane, due_at, pending_since,"
        " target_id, listed, settled_tab, mass FROM json_to_recordset(%s::json) AS one"
        " (record_id bigint, state text, lane smallint, due_at double precision,"
        " pending_since double precision, target_id bigint, listed smallint, settled_tab text,"
        " mass smallint) ON CONFLICT (record_id) DO UPDATE SET state = excluded.state,"
        " revision = people_tab.revision + 1,"
        " lane = excluded.lane, due_at = excluded.due_at, target_id = excluded.target_id,"
        " pending_since = excluded.pending_since,"
        " listed = excluded.listed, settled_tab = excluded.settled_tab, attempts = 0,"
        " failed_at = NULL, taken_since = NULL, given_up = 0, reason = NULL,"
        " reason_code = NULL, reason_class = NULL, mass = excluded.mass",
        (document([_started(one) for one in started]),),
    )


def _started(one: Following) -> dict[str, Any]:
    tab = one.known.tab
    rests = tab is None or tab == EMPTY_TAB
    return {
        "record_id": one.record_id,
        "state": State.SETTLED if rests else State.PENDING,
        "lane": one.lane,
        "due_at": one.now,
        "pending_since": one.since,
        "target_id": one.target_id,
        "listed": int(one.created),
        "settled_tab": tab if rests else None,
        "mass": Mass.NONE if rests else one.mass,
    }


def look_again(
    connection: Session,
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
    return look_at_each(connection, [(one, since) for one in record_ids], lane, now, mass=mass)


def look_at_each(
    connection: Session,
    changed: Sequence[tuple[int, float]],
    lane: Lane,
    now: float,
    *,
    mass: Mass = Mass.NONE,
) -> int:
    """The same for changes that happened at different times.

    Args:
        changed: the records, each as often as it was changed, with when that was.
    """
    if not changed:
        return 0
    tabs = _present(connection, [record_id for record_id, _ in changed])
    followed = 0
    for record_id, since in changed:
        found = tabs.get(record_id)
        due = None if found is None else settling.tab_again(found, lane, mass, since=since, at=now)
        if found is None or due is None:
            continue
        connection.execute(
            "UPDATE people_tab SET due_at = %s, lane = %s, mass = %s, pending_since = %s,"
            " state = 'pending', revision = revision + 1, attempts = 0, given_up = 0"
            " WHERE record_id = %s",
            (due.due_at, due.lane, due.mass, due.pending_since, record_id),
        )
        tabs[record_id] = _with(found, due)
        followed += 1
    return followed


def _present(connection: Session, record_ids: Collection[int]) -> dict[int, TabNow]:
    """These tabs as they are, by record, as far as they are followed."""
    rows = connection.execute(
        f"SELECT {NOW}, record_id FROM people_tab WHERE record_id = ANY(%s::bigint[])",  # noqa: S608 # a constant
        (list(record_ids),),
    )
    return {row[-1]: of_tab(row) for row in rows}


def _with(found: TabNow, due: settling.TabDue) -> TabNow:
    """The tab once it is written that it is looked at again."""
    held = due.mass in (Mass.EVALUATING, Mass.HELD)
    return found._replace(
        state=State.PENDING,
        revision=found.revision + 1,
        lane=due.lane,
        mass=due.mass,
        # As the schema has it: what nothing holds is due.
        due_at=due.due_at if held or due.due_at < NEVER else 0.0,
        pending_since=due.pending_since,
        given_up=False,
    )


def park_emptied(connection: Session, record_ids: Collection[int], lane: Lane, now: float) -> None:
    """These tabs are empty now: whose roles were ours wait for the end of the poll.

    Only then it is known how many tabs were emptied at once; see `fuse.judge_parked`.
    """
    if not record_ids:
        return
    rows = connection.execute(
        f"SELECT {NOW}, record_id FROM people_tab WHERE record_id = ANY(%s::bigint[])"  # noqa: S608 # a constant
        " AND EXISTS (SELECT 1 FROM role o WHERE o.target_id = people_tab.target_id"
        "  AND o.made = 1)",
        (list(record_ids),),
    )
    ours = {row[-1]: of_tab(row) for row in rows}
    connection.executemany(
        "UPDATE people_tab SET mass = %s, due_at = %s, lane = %s, pending_since = %s,"
        " state = 'pending', revision = revision + 1, attempts = 0, given_up = 0"
        " WHERE record_id = %s",
        [
            (Mass.EVALUATING, NEVER, lane, settling.waits_since(ours[one], now), one)
            for one in record_ids
            if one in ours
        ],
    )


def look_later(
    connection: Session, record_id: int, due_at: float, reason: Reason | None = None
) -> None:
    """Some line can be told only later: look again then, and say why until then."""
    found = present.tab(connection, record_id)
    if found is None:
        return
    due = settling.tab_later(found, due_at)
    connection.execute(
        "UPDATE people_tab SET revision = revision + 1, due_at = %s, pending_since = %s,"
        " state = 'pending' WHERE record_id = %s",
        (due.due_at, due.pending_since, record_id),
    )
    if reason is not None:
        connection.execute(
            "UPDATE people_tab SET reason = %s, reason_code = %s WHERE record_id = %s",
            (reason, code_of(reason), record_id),
        )


def due_keys(connection: Session, lane: Lane, now: float, limit: int) -> list[int]:
    """See `Tabs.due_keys`."""
    rows = connection.execute(
        "SELECT record_id FROM people_tab WHERE state = 'pending' AND lane = %s AND due_at <= %s"
        " ORDER BY due_at, record_id LIMIT %s",
        (lane, now, limit),
    )
    return [row[0] for row in rows]


def next_due(connection: Session, lane: Lane, now: float) -> float | None:
    """See `Tabs.next_due`."""
    return connection.execute(
        "SELECT min(due_at) FROM people_tab WHERE state = 'pending' AND lane = %s AND due_at > %s",
        (lane, now),
    ).fetchone()[0]


def load(connection: Session, record_id: int) -> TabWork | None:
    """See `Tabs.load`."""
    # All is asked for at once: whatever is due has its roles looked at.
    found = connection.named(
        "SELECT t.record_id, t.target_id, t.pending_since, t.revision, t.lane, t.mass, t.listed,"  # noqa: S608 # a constant
        " t.attempts, t.failed_at, t.failures, t.taken_since, t.let_go,"
        " r.mass AS of_record, r.lifted, r.ref, r.version, r.payload, r.tab,"
        " (r.state IN ('refused', 'ineligible') OR EXISTS (SELECT 1 FROM skip s"
        "  WHERE s.record_type = 'opportunity' AND s.record_id = r.id)) AS left_out,"
        " u.target_id AS undone_id, u.version AS undone_version, u.mapping AS undone_mapping,"
        " u.fields AS undone_fields, u.tab AS undone_tab, u.run AS undone_run,"
        f" {intents.COLUMNS} FROM people_tab t JOIN record r ON r.id = t.record_id"
        f"{intents.OF_TAB} LEFT JOIN undone u ON u.record_id = r.id"
        " WHERE t.record_id = %s AND t.state = 'pending'"
        " AND t.mass <> 2",
        (record_id,),
    )
    # Those on one it was linked to before are not among them.
    roles = connection.execute(
        "SELECT o.id, o.prospect_id, o.role, o.made, o.seen_at FROM role o"
        " JOIN people_tab t ON t.target_id = o.target_id WHERE t.record_id = %s ORDER BY o.id",
        (record_id,),
    )
    edits = connection.execute(
        "SELECT e.role_id, e.sent_at, e.became, e.became IS NOT NULL OR e.removes = 1"
        " FROM role_edit e JOIN people_tab t ON t.target_id = e.target_id WHERE t.record_id = %s"
        " ORDER BY e.role_id",
        (record_id,),
    )
    refused = refused_roles.asked(connection, record_id)
    row = found.fetchone()
    return None if row is None else of_row(row, roles=roles, edits=edits, refused=by_edge(refused))


def wake_awaiting(connection: Session, people: Collection[int], now: float) -> int:
    """See `Tabs.wake_awaiting`."""
    rows = connection.execute(
        "SELECT name, record_id FROM awaited WHERE kind = %s AND name = ANY(%s::text[])",
        (PERSON, [str(person_id) for person_id in people]),
    )
    waiting: dict[str, list[int]] = {}
    for name, record_id in rows:
        waiting.setdefault(name, []).append(record_id)
    # One that waits for several of them is woken by each.
    woken = [one for person_id in people for one in waiting.get(str(person_id), [])]
    return look_again(connection, woken, Lane.BACKLOG, now)


def people_ahead(connection: Session, limit: int, *, weighed: bool = False) -> list[int]:
    """See `Tabs.people_ahead`."""
    rows = connection.execute(
        "SELECT o.person_id FROM"
        " (SELECT t.record_id, row_number() OVER (ORDER BY t.lane, t.due_at, t.record_id) AS place"
        "  FROM people_tab t JOIN record r ON r.id = t.record_id"
        "  WHERE t.state = 'pending' AND r.tab IS NOT NULL AND t.mass <> 2"
        "  AND %s = (t.mass = 1 OR (t.mass = 0 AND t.lane = 1 AND r.mass IN (1, 2)))::int"
        "  ORDER BY t.lane, t.due_at, t.record_id LIMIT %s) AS next"
        " JOIN tab_person o ON o.record_id = next.record_id"
        # Whoever has no room for all of them takes those that are needed first.
        " GROUP BY o.person_id ORDER BY min(next.place), o.person_id",
        (weighed, limit),
    )
    return [row[0] for row in rows]
