"""How work on a People tab ended, kept: every outcome names the revision it is of.

When a newer reason to look came up in the meantime, what was learned is kept, and the opportunity
stays pending for the newer one. Every outcome names the target record it was decided for as well:
once the link leads elsewhere it is kept with that one, and says nothing about the present one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from engine.decide.journal import described, waits_anew
from engine.decide.reasons import because, known
from engine.model.history import PEOPLE_WAIT, Note
from engine.model.intent import IntentKind
from engine.model.reason import Code, code_of
from engine.model.tab import Edge, GivenUp, Roles, TabWork
from engine.model.work import Failure
from engine.store.sqlite import fuse, intents, refused_roles
from engine.store.sqlite.awaited import PERSON
from engine.store.sqlite.history import remember
from engine.store.sqlite.work import read_again

# Edits are kept for so long; no collection lags behind by more.
EDITS_KEPT_S = 86_400.0


def stands(connection: sqlite3.Connection, work: TabWork) -> bool:
    """Whether the record is still linked to the target record that this was decided for."""
    row = connection.execute(
        "SELECT target_id FROM contacts WHERE record_id = ?", (work.record_id,)
    ).fetchone()
    return row is not None and row[0] == work.target_id


def goes_on(connection: sqlite3.Connection, work: TabWork) -> bool:
    """See `Tabs.goes_on`."""
    row = connection.execute(
        "SELECT 1 FROM contacts c JOIN record r ON r.id = c.record_id"
        " WHERE c.record_id = ? AND c.target_id = ? AND r.state IN ('pending', 'settled')",
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
    connection.execute("UPDATE contacts SET listed = 0 WHERE record_id = ?", (work.record_id,))
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
    waits_for: Iterable[int],
    complete: bool,
    listed: bool = True,
    note: Note | None,
    now: float,
    given_up: GivenUp | None = None,
) -> bool:
    """See `Tabs.settle`."""
    _keep(connection, work, roles, now, note)
    if not stands(connection, work):
        return False
    intents.end(connection, IntentKind.ROLE, work.record_id)
    connection.execute(
        "UPDATE contacts SET listed = ?, attempts = 0, taken_since = NULL, failed_at = NULL,"
        " given_up = 0, reason = NULL,"
        " reason_code = NULL, reason_class = NULL,"
        " settled_tab = ?,"
        " pending_since = CASE WHEN revision = ? THEN pending_since ELSE ? END,"
        " mass = CASE WHEN revision = ? THEN 0 ELSE mass END,"
        " state = CASE WHEN revision = ? THEN 'settled' ELSE state END WHERE record_id = ?",
        (
            int(listed),
            work.tab if complete else None,
            work.revision,
            now,
            work.revision,
            work.revision,
            work.record_id,
        ),
    )
    connection.execute(
        "DELETE FROM awaited WHERE kind = ? AND record_id = ?", (PERSON, work.record_id)
    )
    connection.executemany(
        "INSERT OR IGNORE INTO awaited (kind, name, record_id) VALUES (?, ?, ?)",
        [(PERSON, str(person_id), work.record_id) for person_id in waits_for],
    )
    state = connection.execute(
        "SELECT state FROM contacts WHERE record_id = ?", (work.record_id,)
    ).fetchone()
    settled = state[0] == "settled"
    if settled and given_up is not None:
        failure = given_up.failure
        connection.execute(
            "UPDATE contacts SET state = 'pending', given_up = 1, due_at = ?, reason = ?,"
            " reason_code = ?, reason_class = ? WHERE record_id = ?",
            (
                given_up.due_at,
                failure.reason,
                code_of(failure.reason),
                failure.reason_class,
                work.record_id,
            ),
        )
    return settled


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
            "UPDATE contacts SET listed = ? WHERE record_id = ?",
            (int(work.listed), work.record_id),
        )
    fuse.hold_tab(connection, work.record_id, work.revision, would, people)


def leave(connection: sqlite3.Connection, work: TabWork) -> None:
    """See `Tabs.leave`."""
    connection.execute(
        "UPDATE contacts SET settled_tab = NULL,"
        " state = CASE WHEN revision = ? THEN 'settled' ELSE state END"
        " WHERE record_id = ? AND target_id = ?",
        (work.revision, work.record_id, work.target_id),
    )


def abandon(connection: sqlite3.Connection, work: TabWork, now: float, *, look_in_s: float) -> None:
    """See `Tabs.abandon`."""
    if not stands(connection, work):
        return
    refused_roles.keep(connection, work.target_id, {})
    connection.execute(
        # Whatever else there was to look for: it is looked for again if the record says so.
        "UPDATE contacts SET state = 'settled', settled_tab = NULL WHERE record_id = ?",
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
    if not stands(connection, work):
        return False
    before = connection.execute(
        "SELECT given_up, reason_code, reason FROM contacts WHERE record_id = ?", (work.record_id,)
    ).fetchone()
    news = given_up and failure is not None and not before[0]
    if news and failure is not None:
        note = Note("people given up", failure.reason.within("tried again only seldom: {}"))
        remember(connection, work.record_id, work.version, note, now)
    elif failure is not None and waits_anew(known(before[1], before[2]), failure.reason):
        note = Note(PEOPLE_WAIT, failure.reason)
        remember(connection, work.record_id, work.version, note, now)
    if not work.is_open:
        # Nothing that this attempt has sent is in doubt.
        intents.answer(connection, IntentKind.ROLE, work.record_id)
    connection.execute(
        "UPDATE contacts SET listed = ?, attempts = attempts + ?,"
        " failures = CASE WHEN failed_at IS NULL THEN 0 ELSE failures END + ?,"
        " due_at = CASE WHEN revision = ? THEN ? ELSE due_at END,"
        # Where nothing was sent, it still waits for what it failed of.
        " failed_at = coalesce(?, failed_at), reason = coalesce(?, reason),"
        # A reason without a code has none, and not the one before.
        " reason_code = CASE WHEN ? IS NULL THEN reason_code ELSE ? END,"
        " reason_class = coalesce(?, reason_class),"
        " given_up = CASE WHEN revision = ? THEN ? ELSE 0 END WHERE record_id = ?",
        (
            int(work.listed),
            int(counts),
            int(fails),
            work.revision,
            due_at,
            now if failure else None,
            failure.reason if failure else None,
            failure.reason if failure else None,
            code_of(failure.reason) if failure else None,
            failure.reason_class if failure else None,
            work.revision,
            int(given_up),
            work.record_id,
        ),
    )
    return news


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
    if not stands(connection, work):
        return
    if work.intent is None or not work.intent.checks:
        note = Note("roles in doubt", because(Code.ROLES_IN_DOUBT, detail=failure.reason))
        remember(connection, work.record_id, work.version, note, now)
    edges = json.dumps(announced)
    if not intents.doubt(
        connection, IntentKind.ROLE, work.record_id, now, look_at=due_at, correlation=edges
    ):
        # The target calls a role taken, and none was to be created.
        intents.open_doubt(
            connection,
            IntentKind.ROLE,
            work.record_id,
            edges,
            since=now,
            look_at=due_at,
            checks=1,
        )
    connection.execute(
        "UPDATE contacts SET listed = 0,"
        " failures = CASE WHEN failed_at IS NULL THEN 0 ELSE failures END, due_at = ?,"
        " taken_since = CASE WHEN ? THEN coalesce(taken_since, ?) ELSE taken_since END,"
        " failed_at = ?, reason = ?, reason_code = ?, reason_class = ? WHERE record_id = ?",
        (
            due_at,
            int(taken),
            now,
            now,
            failure.reason,
            code_of(failure.reason),
            failure.reason_class,
            work.record_id,
        ),
    )


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
    if note is not None or roles.writes:
        note = note or Note("related", described(roles.writes))
        note = replace(note, writes=tuple(roles.writes))
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
        [
            (
                one.id,
                work.record_id,
                work.target_id,
                one.prospect_id,
                one.role,
                int(one.made),
                one.seen_at,
            )
            for one in roles.kept
        ],
    )
