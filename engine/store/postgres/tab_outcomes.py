"""How work on a People tab ended, kept: every outcome names the revision it is of.

When a newer reason to look came up in the meantime, what was learned is kept, and the opportunity
stays pending for the newer one. Every outcome names the target record it was decided for as well:
once the link leads elsewhere it is kept with that one, and says nothing about the present one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from engine.decide import settling
from engine.decide.reasons import because
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.present import TabNow
from engine.model.reason import Code
from engine.model.states import State
from engine.model.tab import Edge, GivenUp, Later, Roles, TabWork
from engine.model.work import Failure
from engine.store.postgres import fuse, intents, refused_roles, tabs
from engine.store.postgres.awaited import PERSON
from engine.store.postgres.history import remember, said_last
from engine.store.postgres.session import Session
from engine.store.postgres.work import read_again
from engine.store.rows import tab_outcomes as rows
from engine.store.rows.failures import kept
from engine.store.rows.present import of_tab
from engine.store.rows.tab_outcomes import EDITS_KEPT_S


class _Kept(NamedTuple):
    """A tab as it is when something is kept of it.

    Args:
        now: None once it is that of another target record, or of none.
        lacking: nothing has come of it since it was looked at last.
        code, reason: what it waits for.
    """

    now: TabNow | None = None
    lacking: bool = False
    code: str | None = None
    reason: str | None = None


def _present(connection: Session, work: TabWork) -> _Kept:
    """The tab as it is by now; nothing that is kept of its roles alters that."""
    row = connection.execute(
        f"SELECT {tabs.NOW}, settled_tab IS NULL, reason_code, reason FROM people_tab"  # noqa: S608 # a constant
        " WHERE record_id = %s",
        (work.record_id,),
    ).fetchone()
    if row is None:
        return _Kept()
    found = of_tab(row)
    now = found if found.target_id == work.target_id else None
    return _Kept(now, *row[len(TabNow._fields) :])


def stands(connection: Session, work: TabWork) -> bool:
    """Whether the record is still linked to the target record that this was decided for."""
    return _present(connection, work).now is not None


def goes_on(connection: Session, work: TabWork) -> bool:
    """See `Tabs.goes_on`."""
    row = connection.execute(
        "SELECT 1 FROM people_tab t JOIN record r ON r.id = t.record_id"
        " WHERE t.record_id = %s AND t.target_id = %s AND r.state IN ('pending', 'settled')",
        (work.record_id, work.target_id),
    ).fetchone()
    return row is not None


def begin(
    connection: Session,
    work: TabWork,
    creates: Sequence[Edge],
    now: float,
    *,
    edits: Mapping[int, str | None] | None = None,
    widens: bool = False,
) -> bool:
    """See `Tabs.begin`."""
    goes = connection.execute(
        "UPDATE people_tab t SET listed = 0 FROM record r WHERE r.id = t.record_id"
        " AND t.record_id = %s AND t.target_id = %s AND r.state IN ('pending', 'settled')"
        " RETURNING 1",
        (work.record_id, work.target_id),
    )
    if goes.fetchone() is None:
        return False
    _announce(connection, work.record_id, creates, now, widens=widens)
    connection.execute("DELETE FROM role_edit WHERE sent_at < %s", (now - EDITS_KEPT_S,))
    if edits:
        connection.execute(
            "INSERT INTO role_edit (role_id, target_id, sent_at, became, removes)"
            " SELECT edit.id, %s, %s, edit.became, (edit.became IS NULL)::int"
            " FROM unnest(%s::bigint[], %s::text[]) AS edit (id, became)"
            " ON CONFLICT (role_id) DO UPDATE SET"
            " target_id = excluded.target_id, sent_at = excluded.sent_at,"
            " became = excluded.became, removes = excluded.removes",
            (work.target_id, now, list(edits), list(edits.values())),
        )
    return True


def _announce(
    connection: Session,
    record_id: int,
    creates: Sequence[Edge],
    now: float,
    *,
    widens: bool,
) -> None:
    roles = json.dumps(creates)
    if not creates:
        intents.answer(connection, IntentKind.ROLE, record_id)
    elif not (widens and intents.widen(connection, IntentKind.ROLE, record_id, roles)):
        intents.announce(connection, IntentKind.ROLE, record_id, roles, now)


def keep(connection: Session, work: TabWork, roles: Roles, now: float) -> None:
    """See `Tabs.keep`."""
    found = _present(connection, work)
    _keep(connection, work, roles, now, found=found)
    if found.now is not None:
        intents.answer(connection, IntentKind.ROLE, work.record_id)


def settle(
    connection: Session,
    work: TabWork,
    roles: Roles,
    *,
    waits_for: Collection[int],
    complete: bool,
    listed: bool = True,
    note: Note | None,
    now: float,
    given_up: GivenUp | None = None,
    later: Later | None = None,
) -> bool:
    """See `Tabs.settle`."""
    found = _present(connection, work)
    _keep(connection, work, roles, now, found=found, note=note)
    if found.now is None:
        return False
    intents.end(connection, IntentKind.ROLE, work.record_id)
    becomes = settling.tab_settled(found.now, work.revision, now)
    connection.execute(
        "UPDATE people_tab SET listed = %s, attempts = 0, taken_since = NULL, failed_at = NULL,"
        " given_up = 0, reason = NULL, reason_code = NULL, reason_class = NULL, settled_tab = %s,"
        " pending_since = %s, mass = %s, state = %s WHERE record_id = %s",
        (
            int(listed),
            work.tab if complete else None,
            becomes.pending_since,
            becomes.mass,
            becomes.state,
            work.record_id,
        ),
    )
    _await(connection, work.record_id, waits_for)
    settled = becomes.state is State.SETTLED
    if settled and given_up is not None:
        _give_up(connection, work.record_id, given_up)
    if later is not None:
        tabs.look_later(connection, work.record_id, later.look_at, later.why)
    return settled


def _await(connection: Session, record_id: int, people: Collection[int]) -> None:
    connection.execute(
        "DELETE FROM awaited WHERE kind = %s AND record_id = %s", (PERSON, record_id)
    )
    if people:
        connection.execute(
            "INSERT INTO awaited (kind, name, record_id) SELECT %s, name, %s"
            " FROM unnest(%s::text[]) AS name ON CONFLICT DO NOTHING",
            (PERSON, record_id, [str(person_id) for person_id in people]),
        )


def _give_up(connection: Session, record_id: int, given_up: GivenUp) -> None:
    failure = given_up.failure
    connection.execute(
        "UPDATE people_tab SET state = 'pending', given_up = 1, due_at = %s, reason = %s,"
        " reason_code = %s, reason_class = %s WHERE record_id = %s",
        (
            given_up.due_at,
            *kept(failure),
            record_id,
        ),
    )


def hold(
    connection: Session,
    work: TabWork,
    roles: Roles,
    would: str,
    people: Collection[int],
    *,
    now: float,
) -> None:
    """See `Tabs.hold`."""
    found = _present(connection, work)
    if found.now is None:
        return
    if not work.is_open:
        _keep(connection, work, roles, now, found=found)
        intents.answer(connection, IntentKind.ROLE, work.record_id)
        connection.execute(
            "UPDATE people_tab SET listed = %s WHERE record_id = %s",
            (int(work.listed), work.record_id),
        )
    fuse.hold_tab(connection, work.record_id, work.revision, would, people)


def leave(connection: Session, work: TabWork) -> None:
    """See `Tabs.leave`."""
    found = _present(connection, work).now
    if found is None:
        return
    becomes = settling.tab_left(found, work.revision)
    connection.execute(
        "UPDATE people_tab SET settled_tab = NULL, state = %s WHERE record_id = %s",
        (becomes, work.record_id),
    )


def abandon(connection: Session, work: TabWork, now: float, *, look_in_s: float) -> None:
    """See `Tabs.abandon`."""
    if not stands(connection, work):
        return
    refused_roles.keep(connection, work.target_id, {})
    connection.execute(
        # Whatever else there was to look for: it is looked for again if the record says so.
        "UPDATE people_tab SET state = 'settled', settled_tab = NULL WHERE record_id = %s",
        (work.record_id,),
    )
    intents.answer(connection, IntentKind.ROLE, work.record_id)
    connection.execute(
        "DELETE FROM awaited WHERE kind = %s AND record_id = %s", (PERSON, work.record_id)
    )
    read_again(connection, work.record_id, now, in_s=look_in_s)


def defer(
    connection: Session,
    work: TabWork,
    roles: Roles,
    failure: Failure | None,
    *,
    due_at: float,
    counts: bool,
    now: float,
    fails: bool = True,
    given_up: bool = False,
) -> bool:
    """See `Tabs.defer`."""
    tab = _present(connection, work)
    _keep(connection, work, roles, now, found=tab)
    found = tab.now
    if found is None:
        return False
    news = given_up and failure is not None and not found.given_up
    if failure is not None:
        note = rows.line_of_failure(tab.code, tab.reason, failure, news=news)
        if note is not None:
            remember(connection, work.record_id, work.version, note, now)
    if not work.is_open:
        # Nothing that this attempt has sent is in doubt.
        intents.answer(connection, IntentKind.ROLE, work.record_id)
    connection.execute(
        "UPDATE people_tab SET listed = %s, attempts = attempts + %s, failures = %s, due_at = %s,"
        " given_up = %s WHERE record_id = %s",
        (
            int(work.listed),
            int(counts),
            settling.failures(found, fails=fails),
            settling.due(found, work.revision, due_at),
            int(given_up and found.revision == work.revision),
            work.record_id,
        ),
    )
    if failure is not None:
        # Where nothing was sent, it still waits for what it failed of.
        connection.execute(
            "UPDATE people_tab SET failed_at = %s, reason = %s, reason_code = %s,"
            " reason_class = %s WHERE record_id = %s",
            (now, *kept(failure), work.record_id),
        )
    return news


def doubt(
    connection: Session,
    work: TabWork,
    roles: Roles,
    failure: Failure,
    *,
    announced: Sequence[Edge],
    due_at: float,
    now: float,
    taken: bool = False,
) -> None:
    """See `Tabs.doubt`."""
    tab = _present(connection, work)
    _keep(connection, work, roles, now, found=tab)
    found = tab.now
    if found is None:
        return
    if work.intent is None or not work.intent.checks:
        note = Note("roles in doubt", because(Code.ROLES_IN_DOUBT, detail=failure.reason))
        remember(connection, work.record_id, work.version, note, now)
    _doubt(connection, work.record_id, json.dumps(announced), now, look_at=due_at)
    connection.execute(
        "UPDATE people_tab SET listed = 0, failures = %s, due_at = %s, taken_since = %s,"
        " failed_at = %s, reason = %s, reason_code = %s, reason_class = %s WHERE record_id = %s",
        (
            settling.failures(found, fails=False),
            due_at,
            settling.taken_since(found, now, taken=taken),
            now,
            *kept(failure),
            work.record_id,
        ),
    )


def _doubt(connection: Session, record_id: int, roles: str, now: float, *, look_at: float) -> None:
    kind = IntentKind.ROLE
    if not intents.doubt(connection, kind, record_id, now, look_at=look_at, correlation=roles):
        # The target calls a role taken, and none was to be created.
        intents.open_doubt(connection, kind, record_id, roles, since=now, look_at=look_at, checks=1)


def _keep(
    connection: Session,
    work: TabWork,
    roles: Roles,
    now: float,
    *,
    found: _Kept,
    note: Note | None = None,
) -> None:
    """What is known of the roles on this target record, wherever the link leads by now.

    Args:
        found: the tab as it is.
        note: the line of history that what was written belongs to, if there is one.
    """
    note = rows.line_of(note, roles)
    # That nothing has come of it is told once, however often somebody looks.
    if note is not None and (
        note.writes or not found.lacking or not said_last(connection, work.record_id, note)
    ):
        remember(connection, work.record_id, work.version, note, now)
    refused_roles.keep(connection, work.target_id, roles.refused)
    if roles.removed:
        connection.execute("DELETE FROM role WHERE id = ANY(%s::bigint[])", (list(roles.removed),))
    known = rows.columns(work, roles)
    if known:
        connection.execute(
            "INSERT INTO role (id, record_id, target_id, prospect_id, role, made, seen_at)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],"
            " %s::text[], %s::smallint[], %s::double precision[])"
            " ON CONFLICT (id) DO UPDATE SET record_id = excluded.record_id,"
            " target_id = excluded.target_id, prospect_id = excluded.prospect_id,"
            # What we made stays ours, whichever record its opportunity belongs to by now.
            " role = excluded.role, made = greatest(role.made, excluded.made),"
            " seen_at = excluded.seen_at",
            [list(column) for column in zip(*known, strict=True)],
        )
