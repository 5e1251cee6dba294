"""People of the source who are, or were to be, prospects of the target."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from engine.decide.person import is_overtaken
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.outbox import Key, Owed
from engine.model.person import Person, PersonNow
from engine.model.reason import Reason, code_of
from engine.model.records import RecordType, SourceRecord
from engine.model.work import Failure
from engine.store.postgres import intents, refusals, tabs
from engine.store.postgres.awaited import PERSON
from engine.store.postgres.history import remember
from engine.store.postgres.outbox import owe, void_flag
from engine.store.postgres.session import Session
from engine.store.rows import people
from engine.store.rows.people import of_row

# A create that is about to be sent ends no refusal yet; whatever comes of it does.
_ANNOUNCED = (
    "INSERT INTO person (id, ref, version, read_at, email, prospect_id, reason, reason_code,"
    " reason_class) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (id) DO UPDATE SET ref = excluded.ref,"
    " version = greatest(person.version, excluded.version), read_at = excluded.read_at,"
    " email = coalesce(excluded.email, person.email), prospect_id = excluded.prospect_id,"
    " taken_at = NULL, reason = excluded.reason, reason_code = excluded.reason_code,"
    " reason_field = NULL, reason_class = excluded.reason_class"
)
_OUTCOME = f"{_ANNOUNCED}, refused_version = NULL, lifted = 0"


def load(connection: Session, ids: Collection[int]) -> dict[int, Person]:
    """See `People.load`."""
    rows = connection.named(
        "SELECT p.*, s.reason AS skip_reason, s.since AS skip_since, f.basis,"  # noqa: S608 # words of ours
        f" {intents.COLUMNS} FROM person p{intents.OF_PERSON}"
        " LEFT JOIN refusal f ON f.record_type = 'person' AND f.record_id = p.id"
        " LEFT JOIN skip s ON s.record_type = 'person' AND s.record_id = p.id"
        " WHERE p.id = ANY(%s::bigint[]) ORDER BY p.id",
        (list(ids),),
    )
    return {row["id"]: of_row(row) for row in rows}


def by_email(connection: Session, emails: Sequence[str]) -> dict[str, int]:
    """See `People.by_email`."""
    rows = connection.execute(
        "SELECT email, min(prospect_id) FROM person WHERE prospect_id IS NOT NULL"
        " AND email = ANY(%s::text[]) GROUP BY email",
        (list(emails),),
    )
    return {row[0]: row[1] for row in rows}


class _Known(NamedTuple):
    """A person as it is when something is kept of it.

    Args:
        now: None where it is not known.
        refused: whether the target refused it.
        code, reason: why it has no prospect.
        owes_flag: an error flag waits to be written back.
    """

    now: PersonNow | None = None
    refused: bool = False
    taken_at: float | None = None
    lifted: bool = False
    code: str | None = None
    reason: str | None = None
    owes_flag: bool = False


def _known(connection: Session, person_id: int) -> _Known:
    row = connection.execute(
        "SELECT version, delivered_version, prospect_id, refused_version IS NOT NULL, taken_at,"
        " lifted = 1, reason_code, reason, EXISTS (SELECT 1 FROM outbox"
        "  WHERE record_type = 'person' AND record_id = person.id AND error = 1)"
        " FROM person WHERE id = %s",
        (person_id,),
    ).fetchone()
    return _Known() if row is None else _Known(PersonNow(*row[:3]), *row[3:])


def link(
    connection: Session,
    record: SourceRecord,
    prospect_id: int,
    *,
    email: str | None,
    owed: Owed | None,
    note: Note | None,
    now: float,
    known_version: int | None = None,
) -> bool:
    """See `People.link`."""
    found = _known(connection, record.id)
    if (
        known_version is not None
        and found.now is not None
        and is_overtaken(found.now, record.version, known_version, prospect_id)
    ):
        _leave_open(connection, record, note, now)
        return False
    if found.refused:
        owed = people.owed_after_refusal(owed, found.taken_at, lifted=found.lifted)
    _write(connection, record, now, prospect_id=prospect_id, email=email, owes=found.owes_flag)
    key = Key(RecordType.PERSON, record.id)
    owe(connection, key, owed, clears_error=True, changed_at=int(now), now=now)
    if note is not None:
        remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)
    return True


def _leave_open(connection: Session, record: SourceRecord, note: Note | None, now: float) -> None:
    """It is read again; what was created for it is found by its address, if it is still wanted."""
    forget_reading(connection, [record.id])
    found = intents.of(connection, IntentKind.PROSPECT, record.id)
    if found is None or not found.open:
        return
    intents.begin_doubt(connection, IntentKind.PROSPECT, record.id, now, look_at=now)
    if note is not None:
        remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)


def hold_back(connection: Session, record: SourceRecord, reason: Reason, now: float) -> None:
    """See `People.hold_back`."""
    found = _known(connection, record.id)
    _tell_wait(connection, record.id, record.version, reason, now, found=found)
    intents.answer(connection, IntentKind.PROSPECT, record.id)
    _write(connection, record, now, reason=reason, owes=found.owes_flag)


def announce(connection: Session, record: SourceRecord, email: str, now: float) -> None:
    """See `People.announce`."""
    intents.announce(connection, IntentKind.PROSPECT, record.id, email, now)
    _write(connection, record, now, email=email, announces=True)


def withdraw_announcement(connection: Session, person_id: int) -> None:
    """See `People.withdraw_announcement`."""
    intents.answer(connection, IntentKind.PROSPECT, person_id)


def doubt(
    connection: Session,
    record: SourceRecord,
    reason: Reason,
    now: float,
    *,
    taken: bool = False,
) -> None:
    """See `People.doubt`."""
    note = people.line_of_doubt(reason, taken=taken)
    remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)
    connection.execute(
        "UPDATE person SET reason = %s, failed_at = %s, taken_at = %s, reason_code = %s,"
        " reason_class = 'unreachable' WHERE id = %s",
        (reason, now, now if taken else None, code_of(reason), record.id),
    )
    intents.begin_doubt(connection, IntentKind.PROSPECT, record.id, now, look_at=now)


def failed(
    connection: Session,
    person_id: int,
    failure: Failure,
    now: float,
    *,
    retry_at: float,
) -> None:
    """See `People.failed`."""
    found = _known(connection, person_id)
    if found.now is not None:
        _tell_wait(connection, person_id, found.now.version, failure.reason, now, found=found)
    connection.execute(
        "UPDATE person SET failed_at = %s, retry_at = %s, reason = %s,"
        " reason_code = %s, reason_class = %s WHERE id = %s",
        (
            now,
            retry_at,
            failure.reason,
            code_of(failure.reason),
            failure.reason_class,
            person_id,
        ),
    )
    intents.answer(connection, IntentKind.PROSPECT, person_id)


def _tell_wait(
    connection: Session, person_id: int, version: int, reason: str, now: float, *, found: _Known
) -> None:
    """Add a line when the person begins to wait for something, or for something else."""
    note = people.line_of_wait(found.code, found.reason, reason)
    if note is not None:
        remember(connection, person_id, version, note, now, record_type=RecordType.PERSON)


def looked(connection: Session, person_id: int, now: float) -> None:
    """See `People.looked`."""
    connection.execute("UPDATE person SET taken_at = %s WHERE id = %s", (now, person_id))


def refuse(
    connection: Session,
    record: SourceRecord,
    failure: Failure,
    now: float,
    *,
    taken: bool = False,
) -> None:
    """See `People.refuse`."""
    intents.end(connection, IntentKind.PROSPECT, record.id)
    _write(connection, record, now, reason=failure.reason, reason_class=failure.reason_class)
    connection.execute(
        "UPDATE person SET refused_version = %s, reason_field = %s, taken_at = %s WHERE id = %s",
        (record.version, failure.field, now if taken else None, record.id),
    )
    refusals.keep(connection, RecordType.PERSON, record.id, failure.basis)
    owe(
        connection,
        Key(RecordType.PERSON, record.id),
        Owed(error=True, message=failure.reason),
        clears_error=False,
        changed_at=int(now),
        now=now,
    )
    note = Note("refused", failure.reason)
    remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)


def forget_reading(connection: Session, ids: Collection[int]) -> None:
    """See `People.forget_reading`."""
    connection.execute("UPDATE person SET read_at = 0 WHERE id = ANY(%s::bigint[])", (list(ids),))


def relink(connection: Session, record: SourceRecord, now: float) -> None:
    """Somebody changed the person's link: the opportunities it is on are related anew."""
    intents.answer(connection, IntentKind.PROSPECT, record.id)
    _write(connection, record, 0.0)
    relate_again(connection, record.id, now)


def unlink(connection: Session, record: SourceRecord, note: Note, now: float) -> None:
    """See `People.unlink`."""
    relink(connection, record, now)
    remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)


def relate_again(connection: Session, person_id: int, now: float) -> None:
    """See `People.relate_again`."""
    rows = connection.execute(
        "UPDATE people_tab SET listed = 0 WHERE record_id IN"
        " (SELECT record_id FROM tab_person WHERE person_id = %s) RETURNING record_id",
        (person_id,),
    )
    tabs.look_again(connection, [row[0] for row in rows], Lane.BACKLOG, now)


def awaited(connection: Session) -> list[int]:
    """See `People.awaited`."""
    rows = connection.execute(
        "SELECT name FROM awaited WHERE kind = %s AND NOT EXISTS"
        " (SELECT 1 FROM record r LEFT JOIN people_tab t ON t.record_id = r.id"
        "  WHERE r.id = awaited.record_id AND (r.mass IN (1, 2) OR t.mass IN (1, 2)))"
        " UNION SELECT record_id::text FROM intent"
        " WHERE kind = 'prospect' AND doubt_since IS NOT NULL ORDER BY 1",
        (PERSON,),
    )
    return [int(row[0]) for row in rows]


def _write(
    connection: Session,
    record: SourceRecord,
    now: float,
    *,
    prospect_id: int | None = None,
    email: str | None = None,
    reason: Reason | None = None,
    reason_class: str | None = None,
    announces: bool = False,
    owes: bool = True,
) -> None:
    """Keep the person as it was read.

    Args:
        owes: False where no error flag is known to wait to be written back.
    """
    if owes:
        void_flag(connection, Key(RecordType.PERSON, record.id), record.version)
    connection.execute(
        _ANNOUNCED if announces else _OUTCOME,
        people.columns(
            record,
            now,
            prospect_id=prospect_id,
            email=email,
            reason=reason,
            reason_class=reason_class,
        ),
    )
