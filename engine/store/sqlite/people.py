"""People of the source who are, or were to be, prospects of the target."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from engine.decide.person import is_overtaken
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.outbox import Key, Owed
from engine.model.person import Person, PersonNow
from engine.model.reason import Reason, code_of
from engine.model.records import RecordType, SourceRecord
from engine.model.work import Failure
from engine.store.rows import people
from engine.store.rows.people import of_row
from engine.store.sqlite import intents, refusals, tabs
from engine.store.sqlite.awaited import PERSON
from engine.store.sqlite.history import remember
from engine.store.sqlite.outbox import owe, void_flag
from engine.store.sqlite.rows import by_name

# A create that is about to be sent ends no refusal yet; whatever comes of it does.
_ANNOUNCED = (
    "INSERT INTO person (id, ref, version, read_at, email, prospect_id, reason, reason_code,"
    " reason_class) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET ref = excluded.ref,"
    " version = max(version, excluded.version), read_at = excluded.read_at,"
    " email = coalesce(excluded.email, email), prospect_id = excluded.prospect_id,"
    " taken_at = NULL, reason = excluded.reason, reason_code = excluded.reason_code,"
    " reason_field = NULL, reason_class = excluded.reason_class"
)
_OUTCOME = f"{_ANNOUNCED}, refused_version = NULL, lifted = 0"


def load(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, Person]:
    """See `People.load`."""
    rows = connection.execute(
        "SELECT p.*, s.reason AS skip_reason, s.since AS skip_since, f.basis,"  # noqa: S608 # words of ours
        f" {intents.COLUMNS} FROM person p{intents.OF_PERSON}"
        " LEFT JOIN refusal f ON f.record_type = 'person' AND f.record_id = p.id"
        " LEFT JOIN skip s ON s.record_type = 'person' AND s.record_id = p.id"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {row["id"]: of_row(by_name(row)) for row in rows}


def by_email(connection: sqlite3.Connection, emails: Sequence[str]) -> dict[str, int]:
    """See `People.by_email`."""
    rows = connection.execute(
        "SELECT email, min(prospect_id) FROM person WHERE prospect_id IS NOT NULL"
        " AND email IN (SELECT value FROM json_each(?)) GROUP BY email",
        (json.dumps(list(emails)),),
    )
    return {row[0]: row[1] for row in rows}


def link(
    connection: sqlite3.Connection,
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
    if known_version is not None and _is_overtaken(connection, record, prospect_id, known_version):
        _leave_open(connection, record, note, now)
        return False
    refused = connection.execute(
        "SELECT taken_at, lifted FROM person WHERE id = ? AND refused_version IS NOT NULL",
        (record.id,),
    ).fetchone()
    if refused:
        owed = people.owed_after_refusal(owed, refused[0], lifted=bool(refused[1]))
    _write(connection, record, now, prospect_id=prospect_id, email=email)
    key = Key(RecordType.PERSON, record.id)
    owe(connection, key, owed, clears_error=True, changed_at=int(now), now=now)
    if note is not None:
        remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)
    return True


def _is_overtaken(
    connection: sqlite3.Connection,
    record: SourceRecord,
    prospect_id: int,
    known_version: int,
) -> bool:
    row = connection.execute(
        "SELECT version, delivered_version, prospect_id FROM person WHERE id = ?", (record.id,)
    ).fetchone()
    return row is not None and is_overtaken(
        PersonNow(*row), record.version, known_version, prospect_id
    )


def _leave_open(
    connection: sqlite3.Connection, record: SourceRecord, note: Note | None, now: float
) -> None:
    """It is read again; what was created for it is found by its address, if it is still wanted."""
    forget_reading(connection, [record.id])
    found = intents.of(connection, IntentKind.PROSPECT, record.id)
    if found is None or not found.open:
        return
    intents.doubt(connection, IntentKind.PROSPECT, record.id, now, look_at=now)
    if note is not None:
        remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)


def hold_back(
    connection: sqlite3.Connection, record: SourceRecord, reason: Reason, now: float
) -> None:
    """See `People.hold_back`."""
    _tell_wait(connection, record.id, record.version, reason, now)
    intents.answer(connection, IntentKind.PROSPECT, record.id)
    _write(connection, record, now, reason=reason)


def announce(connection: sqlite3.Connection, record: SourceRecord, email: str, now: float) -> None:
    """See `People.announce`."""
    intents.announce(connection, IntentKind.PROSPECT, record.id, email, now)
    _write(connection, record, now, email=email, announces=True)


def withdraw_announcement(connection: sqlite3.Connection, person_id: int) -> None:
    """See `People.withdraw_announcement`."""
    intents.answer(connection, IntentKind.PROSPECT, person_id)


def doubt(
    connection: sqlite3.Connection,
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
        "UPDATE person SET reason = ?, failed_at = ?, taken_at = ?, reason_code = ?,"
        " reason_class = 'unreachable' WHERE id = ?",
        (reason, now, now if taken else None, code_of(reason), record.id),
    )
    intents.doubt(connection, IntentKind.PROSPECT, record.id, now, look_at=now)


def failed(
    connection: sqlite3.Connection,
    person_id: int,
    failure: Failure,
    now: float,
    *,
    retry_at: float,
) -> None:
    """See `People.failed`."""
    row = connection.execute("SELECT version FROM person WHERE id = ?", (person_id,)).fetchone()
    if row is not None:
        _tell_wait(connection, person_id, row[0], failure.reason, now)
    connection.execute(
        "UPDATE person SET failed_at = ?, retry_at = ?, reason = ?,"
        " reason_code = ?, reason_class = ? WHERE id = ?",
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
    connection: sqlite3.Connection, person_id: int, version: int, reason: str, now: float
) -> None:
    """Add a line when the person begins to wait for something, or for something else."""
    row = connection.execute(
        "SELECT reason_code, reason FROM person WHERE id = ?", (person_id,)
    ).fetchone()
    code, text = (None, None) if row is None else row
    note = people.line_of_wait(code, text, reason)
    if note is not None:
        remember(connection, person_id, version, note, now, record_type=RecordType.PERSON)


def looked(connection: sqlite3.Connection, person_id: int, now: float) -> None:
    """See `People.looked`."""
    connection.execute("UPDATE person SET taken_at = ? WHERE id = ?", (now, person_id))


def refuse(
    connection: sqlite3.Connection,
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
        "UPDATE person SET refused_version = ?, reason_field = ?, taken_at = ? WHERE id = ?",
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


def forget_reading(connection: sqlite3.Connection, ids: Collection[int]) -> None:
    """See `People.forget_reading`."""
    connection.executemany("UPDATE person SET read_at = 0 WHERE id = ?", [(one,) for one in ids])


def relink(connection: sqlite3.Connection, record: SourceRecord, now: float) -> None:
    """Somebody changed the person's link: the opportunities it is on are related anew."""
    intents.answer(connection, IntentKind.PROSPECT, record.id)
    _write(connection, record, 0.0)
    relate_again(connection, record.id, now)


def unlink(connection: sqlite3.Connection, record: SourceRecord, note: Note, now: float) -> None:
    """See `People.unlink`."""
    relink(connection, record, now)
    remember(connection, record.id, record.version, note, now, record_type=RecordType.PERSON)


def relate_again(connection: sqlite3.Connection, person_id: int, now: float) -> None:
    """See `People.relate_again`."""
    rows = connection.execute(
        "SELECT record_id FROM tab_person WHERE person_id = ?", (person_id,)
    ).fetchall()
    concerned = [row[0] for row in rows]
    connection.executemany(
        "UPDATE people_tab SET listed = 0 WHERE record_id = ?", [(one,) for one in concerned]
    )
    tabs.look_again(connection, concerned, Lane.BACKLOG, now)


def awaited(connection: sqlite3.Connection) -> list[int]:
    """See `People.awaited`."""
    rows = connection.execute(
        "SELECT name FROM awaited WHERE kind = ? AND NOT EXISTS"
        " (SELECT 1 FROM record r LEFT JOIN people_tab t ON t.record_id = r.id"
        "  WHERE r.id = awaited.record_id AND (r.mass IN (1, 2) OR t.mass IN (1, 2)))"
        " UNION SELECT CAST(record_id AS TEXT) FROM intent"
        " WHERE kind = 'prospect' AND doubt_since IS NOT NULL",
        (PERSON,),
    )
    return [int(row[0]) for row in rows]


def _write(
    connection: sqlite3.Connection,
    record: SourceRecord,
    now: float,
    *,
    prospect_id: int | None = None,
    email: str | None = None,
    reason: Reason | None = None,
    reason_class: str | None = None,
    announces: bool = False,
) -> None:
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
