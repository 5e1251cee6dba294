"""How a reconcile ended, kept: every outcome names the revision it was computed from.

When a newer change was captured in the meantime, what was learned is kept, and the record stays
pending for the newer one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

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
from engine.store.postgres import blanks as blank
from engine.store.postgres import claims, fuse, intents, present, refusals, tabs, undone
from engine.store.postgres.awaited import PERSON
from engine.store.postgres.history import remember
from engine.store.postgres.outbox import owe
from engine.store.postgres.session import Session
from engine.store.postgres.work import close_intent, read_again
from engine.store.rows.failures import kept
from engine.store.rows.present import of_record
from engine.store.writes import announced


class _Beside(NamedTuple):
    """What else is kept of a record that is being settled.

    Args:
        sending: the edits that were announced.
        owner: the record that the target record belongs to.
        owns_others: whether the record has claims on other target records.
        announced: whether there is a create of it.
        awaits: whether it was synced without something, people apart.
        has_blanks: whether fields of it were left blank.
        is_owed: whether the source is owed anything of it.
        followed: its People tab.
    """

    sending: str | None
    owner: int | None
    owns_others: bool
    announced: bool
    awaits: bool
    has_blanks: bool
    is_owed: bool
    followed: tabs.Followed


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
    found, beside = _as_it_is(connection, work.id, target_id, people_read_since)
    if beside.owner not in (None, work.id) and not created:
        # What it holds may be of either.
        read_again(connection, beside.owner, now)
        read_again(connection, work.id, now)
        return False
    # What we created for it is its own by that.
    claims.pass_on(connection, beside.owner, work.id, target_id, now)
    if beside.owns_others:
        claims.keep_only(connection, work.id, target_id)
    if beside.announced:
        close_intent(connection, work.id)
    becomes = settling.settled(found, work.revision)
    writes = written(
        target_id, synced, announced(beside.sending, target_id), created=created, answered=answered
    )
    if found.flagged:
        # Nobody else would ever take the reason back, nor the flag where it counts as reset.
        owed = replace(owed or Owed(), message="")
        owed = replace(owed, error=False) if work.lifted else owed
    _keep_linked(connection, work.id, found, becomes, target_id=target_id, synced=synced)
    if awaited or beside.awaits:
        _await(connection, work.id, awaited)
    if blanks or beside.has_blanks:
        blank.keep(connection, work.id, blanks, now)
    if owed is not None or beside.is_owed:
        _owe(connection, work, owed, clears_error=True, now=now)
    tabs.follow(
        connection,
        work.id,
        target_id,
        work.lane,
        now,
        known=beside.followed,
        since=work.pending_since,
        created=created,
        mass=work.mass,
        let_go=work.let_go,
    )
    if work.undone is not None:
        undone.drop_outdated(connection, work.id)
    remember(connection, work.id, work.version, replace(note, writes=writes), now)
    return becomes.state is not State.PENDING


def _as_it_is(
    connection: Session, record_id: int, target_id: int, people_read_since: float
) -> tuple[RecordNow, _Beside]:
    """Everything that has to be known, in one look: each is a wait.

    Raises:
        KeyError: there is no such record.
    """
    row = connection.execute(
        f"SELECT {present.RECORD}, r.sending,"  # noqa: S608 # a constant
        " (SELECT record_id FROM claim WHERE target_id = %(target)s),"
        " EXISTS (SELECT FROM claim WHERE record_id = %(id)s AND target_id <> %(target)s),"
        " EXISTS (SELECT FROM intent WHERE kind = 'opportunity' AND record_id = %(id)s),"
        " EXISTS (SELECT FROM awaited WHERE record_id = %(id)s AND kind <> %(person)s),"
        " EXISTS (SELECT FROM left_blank WHERE record_id = %(id)s),"
        " EXISTS (SELECT FROM outbox WHERE record_type = 'opportunity' AND record_id = %(id)s),"
        f" {tabs.FOLLOWED} FROM record r LEFT JOIN people_tab t ON t.record_id = %(id)s"
        " WHERE r.id = %(id)s",
        {
            "id": record_id,
            "target": target_id,
            "person": PERSON,
            "people_read_since": people_read_since,
        },
    ).fetchone()
    if row is None:
        raise KeyError(record_id)
    *beside, tab, target, settled_tab, mass, outdated = row[len(RecordNow._fields) :]
    followed = tabs.Followed(tab, target, settled_tab, mass, outdated)
    return of_record(row), _Beside._make([*beside, followed])


def _keep_linked(
    connection: Session,
    record_id: int,
    found: RecordNow,
    becomes: settling.Settled,
    *,
    target_id: int,
    synced: Fields,
) -> None:
    connection.execute(
        "UPDATE record SET target_id = %s, synced = %s, attempts = 0, failed_since = NULL,"
        " failed_at = NULL, reason = NULL, reason_code = NULL, reason_class = NULL,"
        " reason_field = NULL, sending = NULL, pending_since = %s, state = %s WHERE id = %s",
        (
            target_id,
            json.dumps(synced, separators=(",", ":")),
            becomes.pending_since,
            becomes.state,
            record_id,
        ),
    )
    # Either is rare, and the schema looks at more than the column where it is written.
    if found.flagged:
        connection.execute("UPDATE record SET flagged = 0 WHERE id = %s", (record_id,))
    if becomes.mass is not found.mass:
        connection.execute("UPDATE record SET mass = %s WHERE id = %s", (becomes.mass, record_id))


def _await(connection: Session, record_id: int, awaited: Collection[tuple[str, str]]) -> None:
    """What it was synced without, and nothing else; people are those of its tab."""
    connection.execute(
        "DELETE FROM awaited WHERE record_id = %s AND kind <> %s", (record_id, PERSON)
    )
    connection.execute(
        "INSERT INTO awaited (kind, name, record_id)"
        " SELECT one.kind, one.name, %s FROM unnest(%s::text[], %s::text[]) AS one (kind, name)"
        " ON CONFLICT DO NOTHING",
        (record_id, [kind for kind, _ in awaited], [name for _, name in awaited]),
    )


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
        _owe(connection, work, owed, clears_error=False, now=now)
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


def _owe(
    connection: Session, work: Work, owed: Owed | None, *, clears_error: bool, now: float
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
