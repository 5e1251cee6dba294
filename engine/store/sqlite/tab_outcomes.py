"""How work on a People tab ended, kept: every outcome names the revision it is of.

When a newer reason to look came up in the meantime, what was learned is kept, and the opportunity
stays pending for the newer one. Every outcome names the target record it was decided for as well:
once the link leads elsewhere it is kept with that one, and says nothing about the present one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from engine.decide import settling
from engine.decide.reasons import because
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.present import TabNow
from engine.model.reason import Code
from engine.model.states import State
from engine.model.tab import Edge, GivenUp, Later, Roles, TabWork
from engine.model.work import Failure
from engine.store.rows import tab_outcomes as rows
from engine.store.rows.failures import kept
from engine.store.rows.tab_outcomes import EDITS_KEPT_S
from engine.store.sqlite import fuse, intents, present, refused_roles, tabs
from engine.store.sqlite.awaited import PERSON
from engine.store.sqlite.history import remember, said_last
from engine.store.sqlite.work import read_again


def stands(connection: sqlite3.Connection, work: TabWork) -> bool:
    """Whether the record is still linked to the target record that this was decided for."""
    return _present(connection, work) is not None


def _present(connection: sqlite3.Connection, work: TabWork) -> TabNow | None:
    """The tab as it is by now; None once it is that of another target record."""
    found = present.tab(connection, work.record_id)
    return found if found is not None and found.target_id == work.target_id else None


def goes_on(connection: sqlite3.Connection, work: TabWork) -> bool:
    """See `Tabs.goes_on`."""
    row = connection.execute(
        "SELECT 1 FROM people_tab t JOIN record r ON r.id = t.record_id"
        " WHERE t.record_id = ? AND t.target_id = ? AND r.state IN ('pending', 'settled')",
        (work.record_id, work.target_id),
    ).fetchone()
    return row is not None


def begin(
    connection: sqlite3.Connection,
    work: TabWork,
    creates: Sequence[Edge],
    now: float,
    *,
    edits: Mapping[int, str | None] | None = None,
    widens: bool = False,
) -> bool:
    """See `Tabs.begin`."""
    if not goes_on(connection, work):
        return False
    connection.execute("UPDATE people_tab SET listed = 0 WHERE record_id = ?", (work.record_id,))
    _announce(connection, work.record_id, creates, now, widens=widens)
    connection.execute("DELETE FROM role_edit WHERE sent_at < ?", (now - EDITS_KEPT_S,))
    connection.executemany(
        "INSERT OR REPLACE INTO role_edit (role_id, target_id, sent_at, became, removes)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (role_id, work.target_id, now, became, int(became is None))
            for role_id, became in (edits or {}).items()
        ],
    )
    return True


def _announce(
    connection: sqlite3.Connection,
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


def keep(connection: sqlite3.Connection, work: TabWork, roles: Roles, now: float) -> None:
    """See `Tabs.keep`."""
    _keep(connection, work, roles, now)
    if stands(connection, work):
        intents.answer(connection, IntentKind.ROLE, work.record_id)


def settle(
    connection: sqlite3.Connection,
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
    _keep(connection, work, roles, now, note)
    found = _present(connection, work)
    if found is None:
        return False
    intents.end(connection, IntentKind.ROLE, work.record_id)
    becomes = settling.tab_settled(found, work.revision, now)
    connection.execute(
        "UPDATE people_tab SET listed = ?, attempts = 0, taken_since = NULL, failed_at = NULL,"
        " given_up = 0, reason = NULL, reason_code = NULL, reason_class = NULL, settled_tab = ?,"
        " pending_since = ?, mass = ?, state = ? WHERE record_id = ?",
        (
            int(listed),
            work.tab if complete else None,
            becomes.pending_since,
            becomes.mass.value,
            becomes.state.value,
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


def _await(connection: sqlite3.Connection, record_id: int, people: Collection[int]) -> None:
    connection.execute("DELETE FROM awaited WHERE kind = ? AND record_id = ?", (PERSON, record_id))
    connection.executemany(
        "INSERT OR IGNORE INTO awaited (kind, name, record_id) VALUES (?, ?, ?)",
        [(PERSON, str(person_id), record_id) for person_id in people],
    )


def _give_up(connection: sqlite3.Connection, record_id: int, given_up: GivenUp) -> None:
    failure = given_up.failure
    connection.execute(
        "UPDATE people_tab SET state = 'pending', given_up = 1, due_at = ?, reason = ?,"
        " reason_code = ?, reason_class = ? WHERE record_id = ?",
        (
            given_up.due_at,
            *kept(failure),
            record_id,
        ),
    )


def hold(
    connection: sqlite3.Connection,
    work: TabWork,
    roles: Roles,
    would: str,
    people: Collection[int],
    *,
    now: float,
) -> None:
    """See `Tabs.hold`."""
    if not stands(connection, work):
        return
    if not work.is_open:
        _keep(connection, work, roles, now)
        intents.answer(connection, IntentKind.ROLE, work.record_id)
        connection.execute(
            "UPDATE people_tab SET listed = ? WHERE record_id = ?",
            (int(work.listed), work.record_id),
        )
    fuse.hold_tab(connection, work.record_id, work.revision, would, people)


def leave(connection: sqlite3.Connection, work: TabWork) -> None:
    """See `Tabs.leave`."""
    found = _present(connection, work)
    if found is None:
        return
    becomes = settling.tab_left(found, work.revision)
    connection.execute(
        "UPDATE people_tab SET settled_tab = NULL, state = ? WHERE record_id = ?",
        (becomes, work.record_id),
    )


def abandon(connection: sqlite3.Connection, work: TabWork, now: float, *, look_in_s: float) -> None:
    """See `Tabs.abandon`."""
    if not stands(connection, work):
        return
    refused_roles.keep(connection, work.target_id, {})
    connection.execute(
        # Whatever else there was to look for: it is looked for again if the record says so.
        "UPDATE people_tab SET state = 'settled', settled_tab = NULL WHERE record_id = ?",
        (work.record_id,),
    )
    intents.answer(connection, IntentKind.ROLE, work.record_id)
    connection.execute(
        "DELETE FROM awaited WHERE kind = ? AND record_id = ?", (PERSON, work.record_id)
    )
    read_again(connection, work.record_id, now, in_s=look_in_s)


def defer(
    connection: sqlite3.Connection,
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
    _keep(connection, work, roles, now)
    found = _present(connection, work)
    if found is None:
        return False
    news = given_up and failure is not None and not found.given_up
    if failure is not None:
        _tell_failure(connection, work, failure, now, news=news)
    if not work.is_open:
        # Nothing that this attempt has sent is in doubt.
        intents.answer(connection, IntentKind.ROLE, work.record_id)
    connection.execute(
        "UPDATE people_tab SET listed = ?, attempts = attempts + ?, failures = ?, due_at = ?,"
        " given_up = ? WHERE record_id = ?",
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
            "UPDATE people_tab SET failed_at = ?, reason = ?, reason_code = ?, reason_class = ?"
            " WHERE record_id = ?",
            (now, *kept(failure), work.record_id),
        )
    return news


def _tell_failure(
    connection: sqlite3.Connection, work: TabWork, failure: Failure, now: float, *, news: bool
) -> None:
    """Add a line when it is given up, or waits for something else from now on.

    Args:
        news: it is given up just now.
    """
    before = connection.execute(
        "SELECT reason_code, reason FROM people_tab WHERE record_id = ?", (work.record_id,)
    ).fetchone()
    note = rows.line_of_failure(before[0], before[1], failure, news=news)
    if note is not None:
        remember(connection, work.record_id, work.version, note, now)


def doubt(
    connection: sqlite3.Connection,
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
    _keep(connection, work, roles, now)
    found = _present(connection, work)
    if found is None:
        return
    if work.intent is None or not work.intent.checks:
        note = Note("roles in doubt", because(Code.ROLES_IN_DOUBT, detail=failure.reason))
        remember(connection, work.record_id, work.version, note, now)
    _doubt(connection, work.record_id, json.dumps(announced), now, look_at=due_at)
    connection.execute(
        "UPDATE people_tab SET listed = 0, failures = ?, due_at = ?, taken_since = ?,"
        " failed_at = ?, reason = ?, reason_code = ?, reason_class = ? WHERE record_id = ?",
        (
            settling.failures(found, fails=False),
            due_at,
            settling.taken_since(found, now, taken=taken),
            now,
            *kept(failure),
            work.record_id,
        ),
    )


def _doubt(
    connection: sqlite3.Connection, record_id: int, roles: str, now: float, *, look_at: float
) -> None:
    kind = IntentKind.ROLE
    if not intents.doubt(connection, kind, record_id, now, look_at=look_at, correlation=roles):
        # The target calls a role taken, and none was to be created.
        intents.open_doubt(connection, kind, record_id, roles, since=now, look_at=look_at, checks=1)


def _still_waits(connection: sqlite3.Connection, record_id: int, note: Note) -> bool:
    """Whether nothing has come of the tab since the same was said: it is told once, however often
    somebody looks.
    """
    lacking = connection.execute(
        "SELECT 1 FROM people_tab WHERE record_id = ? AND settled_tab IS NULL", (record_id,)
    ).fetchone()
    return lacking is not None and said_last(connection, record_id, note)


def _keep(
    connection: sqlite3.Connection,
    work: TabWork,
    roles: Roles,
    now: float,
    note: Note | None = None,
) -> None:
    """What is known of the roles on this target record, wherever the link leads by now.

    Args:
        note: the line of history that what was written belongs to, if there is one.
    """
    note = rows.line_of(note, roles)
    if note is not None and (note.writes or not _still_waits(connection, work.record_id, note)):
        remember(connection, work.record_id, work.version, note, now)
    refused_roles.keep(connection, work.target_id, roles.refused)
    connection.executemany("DELETE FROM role WHERE id = ?", [(one,) for one in roles.removed])
    connection.executemany(
        "INSERT INTO role (id, record_id, target_id, prospect_id, role, made, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET record_id = excluded.record_id,"
        " target_id = excluded.target_id, prospect_id = excluded.prospect_id, role = excluded.role,"
        # What we made stays ours, whichever record its opportunity belongs to by now.
        " made = max(made, excluded.made), seen_at = excluded.seen_at",
        rows.columns(work, roles),
    )
