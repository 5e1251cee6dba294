"""How a reconcile ended, kept: every outcome names the revision it was computed from.

When a newer change was captured in the meantime, what was learned is kept, and the record stays
pending for the newer one.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace

from engine.decide import settling
from engine.decide.journal import waits_anew, written
from engine.decide.reasons import because, known
from engine.model.fields import Fields
from engine.model.history import WAITS, Note
from engine.model.intent import IntentKind
from engine.model.mass_change import Mass
from engine.model.outbox import Key, Owed
from engine.model.outcome import Outcome
from engine.model.present import RecordNow
from engine.model.reason import NOTHING_BLANK, Code, Reason
from engine.model.records import RecordType
from engine.model.states import State
from engine.model.work import Failure, Work
from engine.model.write import Write, WriteKind
from engine.store.rows.failures import kept
from engine.store.sqlite import blanks as blank
from engine.store.sqlite import claims, fuse, intents, present, refusals, tabs, undone
from engine.store.sqlite.awaited import PERSON
from engine.store.sqlite.history import remember
from engine.store.sqlite.outbox import owe
from engine.store.sqlite.work import close_intent, read_again
from engine.store.writes import announced


def settle_linked(
    connection: sqlite3.Connection,
    work: Work,
    *,
    target_id: int,
    synced: Fields,
    owed: Owed | None,
    awaited: Collection[tuple[str, str]],
    note: Note,
    now: float,
    created: bool = False,
    answered: bool = False,
    blanks: Mapping[str, Reason] = NOTHING_BLANK,
    people_read_since: float = -math.inf,
) -> bool:
    """See `Records.settle_linked`."""
    if not _claim(connection, work, target_id, created=created, now=now):
        return False
    close_intent(connection, work.id)
    row = connection.execute(
        f"SELECT {present.RECORD}, sending FROM record WHERE id = ?",  # noqa: S608 # a constant
        (work.id,),
    ).fetchone()
    found, sending = present.of_record(row), row[-1]
    becomes = settling.settled(found, work.revision)
    writes = written(
        target_id, synced, announced(sending, target_id), created=created, answered=answered
    )
    if found.flagged:
        # Nobody else would ever take the reason back, nor the flag where it counts as reset.
        owed = replace(owed or Owed(), message="")
        owed = replace(owed, error=False) if work.lifted else owed
    _keep_linked(connection, work.id, found, becomes, target_id=target_id, synced=synced)
    _await(connection, work.id, awaited)
    blank.keep(connection, work.id, blanks, now)
    _owe(connection, work, owed, clears_error=True, now=now)
    tabs.follow(
        connection,
        work.id,
        target_id,
        work.lane,
        now,
        since=work.pending_since,
        created=created,
        mass=work.mass,
        let_go=work.let_go,
        people_read_since=people_read_since,
    )
    if work.undone is not None:
        undone.drop_outdated(connection, work.id)
    remember(connection, work.id, work.version, replace(note, writes=writes), now)
    return becomes.state is not State.PENDING


def _keep_linked(
    connection: sqlite3.Connection,
    record_id: int,
    found: RecordNow,
    becomes: settling.Settled,
    *,
    target_id: int,
    synced: Fields,
) -> None:
    connection.execute(
        "UPDATE record SET target_id = ?, synced = ?, attempts = 0, failed_since = NULL,"
        " failed_at = NULL, reason = NULL, reason_code = NULL, reason_class = NULL,"
        " reason_field = NULL, sending = NULL, pending_since = ?, state = ? WHERE id = ?",
        (
            target_id,
            json.dumps(synced, separators=(",", ":")),
            becomes.pending_since,
            becomes.state.value,
            record_id,
        ),
    )
    # Either is rare, and the schema looks at more than the column where it is written.
    if found.flagged:
        connection.execute("UPDATE record SET flagged = 0 WHERE id = ?", (record_id,))
    if becomes.mass is not found.mass:
        connection.execute(
            "UPDATE record SET mass = ? WHERE id = ?", (becomes.mass.value, record_id)
        )


def _await(
    connection: sqlite3.Connection, record_id: int, awaited: Collection[tuple[str, str]]
) -> None:
    """What it was synced without, and nothing else; people are those of its tab."""
    connection.execute("DELETE FROM awaited WHERE record_id = ? AND kind <> ?", (record_id, PERSON))
    connection.executemany(
        "INSERT OR IGNORE INTO awaited (kind, name, record_id) VALUES (?, ?, ?)",
        [(kind, name, record_id) for kind, name in awaited],
    )


def _claim(
    connection: sqlite3.Connection, work: Work, target_id: int, *, created: bool, now: float
) -> bool:
    """Whether the record may be linked to it; what we created for it is its own by that."""
    owner = claims.owner_of(connection, target_id)
    if owner is not None and owner != work.id and not created:
        read_again(connection, owner, now)
        read_again(connection, work.id, now)
        return False
    claims.pass_on(connection, owner, work.id, target_id, now)
    claims.keep_only(connection, work.id, target_id)
    return True


def adopt(
    connection: sqlite3.Connection, work: Work, target_id: int, note: Note, now: float
) -> bool:
    """See `Records.adopt`."""
    owner = claims.owner_of(connection, target_id)
    if owner not in (None, work.id):
        return False
    claims.pass_on(connection, owner, work.id, target_id, now)
    claims.keep_only(connection, work.id, target_id)
    close_intent(connection, work.id)
    if work.intent is not None and work.intent.sent:
        made = Write(WriteKind.CREATED, target_id, found=True)
        note = replace(note, writes=(made, *note.writes))
    connection.execute(
        "UPDATE record SET target_id = ?, synced = NULL, sending = NULL, due_at = ?, attempts = 0,"
        " failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL WHERE id = ?",
        (target_id, now, work.id),
    )
    remember(connection, work.id, work.version, note, now)
    return True


def give_up_target(
    connection: sqlite3.Connection,
    work: Work,
    target_id: int,
    note: Note,
    now: float,
    *,
    successor: int,
) -> None:
    """See `Records.give_up_target`."""
    claims.give_up(connection, work.id, target_id, now)
    connection.execute(
        "UPDATE record SET delivered_id = NULL, delivered_version = NULL, due_at = ? WHERE id = ?",
        (now, work.id),
    )
    remember(connection, work.id, work.version, note, now)
    taken = Note("id taken over", f"id {target_id} was that of {work.ref} before")
    claims.tell(connection, successor, taken, now)


def forget_target(
    connection: sqlite3.Connection, work: Work, gone_id: int, note: Note, now: float
) -> None:
    """See `Records.forget_target`."""
    connection.execute(
        "UPDATE record SET gone_id = ?, target_id = NULL, synced = NULL, sending = NULL,"
        " delivered_id = NULL,"
        " delivered_version = NULL, due_at = ? WHERE id = ?",
        (gone_id, now, work.id),
    )
    connection.execute(
        "DELETE FROM claim WHERE target_id = ? AND record_id = ?", (gone_id, work.id)
    )
    connection.execute("DELETE FROM role WHERE target_id = ?", (gone_id,))
    remember(connection, work.id, work.version, note, now)


def settle_refused(
    connection: sqlite3.Connection, work: Work, failure: Failure, now: float
) -> Outcome:
    """See `Records.settle_refused`."""
    if work.mass is Mass.EVALUATING and not work.lifted:
        would = f"would be refused: {failure.reason}"
        fuse.hold_record(connection, work.id, work.revision, work.synced, would)
        return Outcome.HELD_BY_FUSE
    state = settling.refused(_now(connection, work.id), work.revision)
    connection.execute(
        "UPDATE record SET reason = ?, reason_code = ?, reason_class = ?, reason_field = ?,"
        " attempts = 0, failed_since = NULL, failed_at = NULL, state = ? WHERE id = ?",
        (*kept(failure), failure.field, state.value, work.id),
    )
    if state is State.REFUSED:
        connection.execute("UPDATE record SET flagged = 1 WHERE id = ?", (work.id,))
        kind = RecordType.OPPORTUNITY
        refusals.keep(connection, kind, work.id, failure.basis, work.revision)
        owed = Owed(error=True, message=failure.reason)
        _owe(connection, work, owed, clears_error=False, now=now)
    remember(connection, work.id, work.version, Note("refused", failure.reason), now)
    return Outcome.AGAIN if state is State.PENDING else Outcome.REFUSED


def settle_ineligible(
    connection: sqlite3.Connection, work: Work, note: Note, *, flagged: bool, now: float
) -> None:
    """See `Records.settle_ineligible`."""
    connection.execute(
        "UPDATE record SET state = ? WHERE id = ? AND revision = ?",
        (
            settling.left_out(_now(connection, work.id), flagged=flagged),
            work.id,
            work.revision,
        ),
    )
    remember(connection, work.id, work.version, note, now)


def defer(
    connection: sqlite3.Connection,
    work: Work,
    failure: Failure,
    *,
    due_at: float,
    counts: bool,
    now: float,
    fails: bool = True,
) -> None:
    """See `Records.defer`."""
    _tell_wait(connection, work, failure, now)
    found = _now(connection, work.id)
    connection.execute(
        "UPDATE record SET due_at = ?, failures = ?,"
        " attempts = attempts + ?, failed_since = coalesce(failed_since, ?), failed_at = ?,"
        " reason = ?, reason_code = ?, reason_class = ?, reason_field = ? WHERE id = ?",
        (
            settling.due(found, work.revision, due_at),
            settling.failures(found, fails=fails),
            int(counts),
            now,
            now,
            *kept(failure),
            failure.field,
            work.id,
        ),
    )


def postpone(
    connection: sqlite3.Connection, work: Work, failure: Failure, due_at: float, now: float
) -> None:
    """See `Records.postpone`."""
    if work.failed_since is None:
        _tell_wait(connection, work, failure, now)
    found = _now(connection, work.id)
    connection.execute(
        "UPDATE record SET due_at = ? WHERE id = ?",
        (settling.due(found, work.revision, due_at), work.id),
    )
    if found.failed_since is None:
        connection.execute(
            "UPDATE record SET reason = ?, reason_code = ?, reason_class = ?, reason_field = NULL"
            " WHERE id = ?",
            (*kept(failure), work.id),
        )


def doubt(
    connection: sqlite3.Connection,
    work: Work,
    failure: Failure,
    *,
    due_at: float,
    counts: bool,
    now: float,
) -> None:
    """See `Records.doubt`."""
    intents.doubt(connection, IntentKind.OPPORTUNITY, work.id, now, look_at=due_at)
    failures = settling.failures(_now(connection, work.id), fails=False)
    # An edit captured meanwhile must not start the search early, whatever its due time.
    connection.execute(
        "UPDATE record SET due_at = ?, attempts = attempts + ?, failures = ?,"
        " failed_since = coalesce(failed_since, ?), failed_at = ?,"
        " reason = ?, reason_code = ?, reason_class = ?, reason_field = NULL WHERE id = ?",
        (due_at, int(counts), failures, now, now, *kept(failure), work.id),
    )
    if work.intent is None or not work.intent.checks:
        note = Note("in doubt", because(Code.CREATE_IN_DOUBT, detail=failure.reason))
        remember(connection, work.id, work.version, note, now)


def _tell_wait(connection: sqlite3.Connection, work: Work, failure: Failure, now: float) -> None:
    """Add a line when it begins to wait for something, or waits for something else from now on."""
    row = connection.execute(
        "SELECT reason_code, reason FROM record WHERE id = ?", (work.id,)
    ).fetchone()
    before = None if row is None else known(row[0], row[1])
    if waits_anew(before, failure.reason):
        remember(connection, work.id, work.version, Note(WAITS, failure.reason), now)


def _now(connection: sqlite3.Connection, record_id: int) -> RecordNow:
    """The record as it is by now: none is ever deleted.

    Raises:
        KeyError: there is none.
    """
    found = present.record(connection, record_id)
    if found is None:
        raise KeyError(record_id)
    return found


def _owe(
    connection: sqlite3.Connection, work: Work, owed: Owed | None, *, clears_error: bool, now: float
) -> None:
    key = Key(RecordType.OPPORTUNITY, work.id)
    owe(
        connection,
        key,
        owed,
        clears_error=clears_error,
        changed_at=int(work.pending_since),
        now=now,
    )
