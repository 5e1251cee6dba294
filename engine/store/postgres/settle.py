"""How a reconcile ended, kept: every outcome names the revision it was computed from.

When a newer change was captured in the meantime, what was learned is kept, and the record stays
pending for the newer one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from contextvars import copy_context
from dataclasses import replace

from engine.decide import settling
from engine.decide.journal import waits_anew
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
from engine.store.postgres import claims, fuse, intents, present, refusals
from engine.store.postgres.history import remember
from engine.store.postgres.linked import Linked, settle
from engine.store.postgres.outbox import owe
from engine.store.postgres.session import Session
from engine.store.postgres.work import close_intent
from engine.store.rows.failures import kept
from engine.store.rows.present import of_record


def settle_linked(
    connection: Session,
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
    said = Linked(
        work,
        target_id=target_id,
        synced=synced,
        owed=owed,
        awaited=awaited,
        note=note,
        now=now,
        created=created,
        answered=answered,
        blanks=blanks,
        people_read_since=people_read_since,
    )
    return settle(connection, [(said, copy_context())])[0]


def adopt(connection: Session, work: Work, target_id: int, note: Note, now: float) -> bool:
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
        "UPDATE record SET target_id = %s, synced = NULL, sending = NULL, due_at = %s,"
        " attempts = 0, failed_since = NULL, failed_at = NULL, reason = NULL, reason_code = NULL,"
        " reason_class = NULL, reason_field = NULL WHERE id = %s",
        (target_id, now, work.id),
    )
    remember(connection, work.id, work.version, note, now)
    return True


def give_up_target(
    connection: Session, work: Work, target_id: int, note: Note, now: float, *, successor: int
) -> None:
    """See `Records.give_up_target`."""
    claims.give_up(connection, work.id, target_id, now)
    connection.execute(
        "UPDATE record SET delivered_id = NULL, delivered_version = NULL, due_at = %s"
        " WHERE id = %s",
        (now, work.id),
    )
    remember(connection, work.id, work.version, note, now)
    taken = Note("id taken over", f"id {target_id} was that of {work.ref} before")
    claims.tell(connection, successor, taken, now)


def forget_target(connection: Session, work: Work, gone_id: int, note: Note, now: float) -> None:
    """See `Records.forget_target`."""
    connection.execute(
        "UPDATE record SET gone_id = %s, target_id = NULL, synced = NULL, sending = NULL,"
        " delivered_id = NULL, delivered_version = NULL, due_at = %s WHERE id = %s",
        (gone_id, now, work.id),
    )
    connection.execute(
        "DELETE FROM claim WHERE target_id = %s AND record_id = %s", (gone_id, work.id)
    )
    connection.execute("DELETE FROM role WHERE target_id = %s", (gone_id,))
    remember(connection, work.id, work.version, note, now)


def settle_refused(connection: Session, work: Work, failure: Failure, now: float) -> Outcome:
    """See `Records.settle_refused`."""
    if work.mass is Mass.EVALUATING and not work.lifted:
        would = f"would be refused: {failure.reason}"
        fuse.hold_record(connection, work.id, work.revision, work.synced, would)
        return Outcome.HELD_BY_FUSE
    state = settling.refused(_now(connection, work.id), work.revision)
    connection.execute(
        "UPDATE record SET reason = %s, reason_code = %s, reason_class = %s, reason_field = %s,"
        " attempts = 0, failed_since = NULL, failed_at = NULL, state = %s WHERE id = %s",
        (*kept(failure), failure.field, state, work.id),
    )
    if state is State.REFUSED:
        connection.execute("UPDATE record SET flagged = 1 WHERE id = %s", (work.id,))
        kind = RecordType.OPPORTUNITY
        refusals.keep(connection, kind, work.id, failure.basis, work.revision)
        owed = Owed(error=True, message=failure.reason)
        owe(
            connection,
            Key(RecordType.OPPORTUNITY, work.id),
            owed,
            clears_error=False,
            changed_at=int(work.pending_since),
            now=now,
        )
    remember(connection, work.id, work.version, Note("refused", failure.reason), now)
    return Outcome.AGAIN if state is State.PENDING else Outcome.REFUSED


def settle_ineligible(
    connection: Session, work: Work, note: Note, *, flagged: bool, now: float
) -> None:
    """See `Records.settle_ineligible`."""
    connection.execute(
        "UPDATE record SET state = %s WHERE id = %s AND revision = %s",
        (
            settling.left_out(_now(connection, work.id), flagged=flagged),
            work.id,
            work.revision,
        ),
    )
    remember(connection, work.id, work.version, note, now)


def defer(
    connection: Session,
    work: Work,
    failure: Failure,
    *,
    due_at: float,
    counts: bool,
    now: float,
    fails: bool = True,
) -> None:
    """See `Records.defer`."""
    found, reason = _now_and_why(connection, work.id)
    _tell_wait(connection, work, failure, reason, now)
    connection.execute(
        "UPDATE record SET due_at = %s, failures = %s,"
        " attempts = attempts + %s, failed_since = coalesce(failed_since, %s), failed_at = %s,"
        " reason = %s, reason_code = %s, reason_class = %s, reason_field = %s WHERE id = %s",
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


def postpone(connection: Session, work: Work, failure: Failure, due_at: float, now: float) -> None:
    """See `Records.postpone`."""
    found, reason = _now_and_why(connection, work.id)
    if work.failed_since is None:
        _tell_wait(connection, work, failure, reason, now)
    connection.execute(
        "UPDATE record SET due_at = %s WHERE id = %s",
        (settling.due(found, work.revision, due_at), work.id),
    )
    if found.failed_since is None:
        connection.execute(
            "UPDATE record SET reason = %s, reason_code = %s, reason_class = %s,"
            " reason_field = NULL WHERE id = %s",
            (*kept(failure), work.id),
        )


def doubt(
    connection: Session,
    work: Work,
    failure: Failure,
    *,
    due_at: float,
    counts: bool,
    now: float,
) -> None:
    """See `Records.doubt`."""
    intents.begin_doubt(connection, IntentKind.OPPORTUNITY, work.id, now, look_at=due_at)
    failures = settling.failures(_now(connection, work.id), fails=False)
    # An edit captured meanwhile must not start the search early, whatever its due time.
    connection.execute(
        "UPDATE record SET due_at = %s, attempts = attempts + %s, failures = %s,"
        " failed_since = coalesce(failed_since, %s), failed_at = %s,"
        " reason = %s, reason_code = %s, reason_class = %s, reason_field = NULL WHERE id = %s",
        (due_at, int(counts), failures, now, now, *kept(failure), work.id),
    )
    if work.intent is None or not work.intent.checks:
        note = Note("in doubt", because(Code.CREATE_IN_DOUBT, detail=failure.reason))
        remember(connection, work.id, work.version, note, now)


def _tell_wait(
    connection: Session, work: Work, failure: Failure, before: Reason | None, now: float
) -> None:
    """Add a line when it begins to wait for something, or waits for something else from now on."""
    if waits_anew(before, failure.reason):
        remember(connection, work.id, work.version, Note(WAITS, failure.reason), now)


def _now(connection: Session, record_id: int) -> RecordNow:
    """The record as it is by now: none is ever deleted.

    Raises:
        KeyError: there is none.
    """
    return _now_and_why(connection, record_id)[0]


def _now_and_why(connection: Session, record_id: int) -> tuple[RecordNow, Reason | None]:
    """The same with what it waits for, if that is known.

    Raises:
        KeyError: there is none.
    """
    row = connection.execute(
        f"SELECT {present.RECORD}, r.reason_code, r.reason FROM record r WHERE r.id = %s",  # noqa: S608 # a constant
        (record_id,),
    ).fetchone()
    if row is None:
        raise KeyError(record_id)
    return of_record(row), known(row[-2], row[-1])
