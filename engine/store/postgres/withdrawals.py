"""Withdrawals: what becomes of a source record with what it was owed, in one transaction."""

from __future__ import annotations

from engine.model.history import Note
from engine.model.outbox import Entry
from engine.model.reason import Reason
from engine.model.records import Captured, RecordType, SourceRecord
from engine.store.postgres import capture, outbox, people, work
from engine.store.postgres.session import Session


def leave_out_owed(connection: Session, entry: Entry, reason: Reason, now: float) -> None:
    """See `Outbox.leave_out_owed`."""
    outbox.withdraw(connection, entry, Note("write-back withdrawn", reason), now)
    if entry.record_type is RecordType.PERSON:
        people.forget_reading(connection, [entry.record_id])
    else:
        capture.leave_out(connection, [(entry.record_id, entry.version)], reason, now)


def withdraw_and_capture(
    connection: Session,
    entry: Entry,
    note: Note,
    row: Captured,
    record: SourceRecord,
    *,
    asked_at: float,
    now: float,
) -> None:
    """See `Outbox.withdraw_and_capture`."""
    outbox.withdraw(connection, entry, note, now)
    if entry.record_type is RecordType.PERSON:
        people.relink(connection, record, now)
    else:
        capture_shown(connection, row, asked_at, now)


def withdraw_link(connection: Session, entry: Entry, note: Note, now: float) -> None:
    """See `Outbox.withdraw_link`."""
    outbox.withdraw_link(connection, entry, note, now)
    # What that very version was refused for is told; one that was not is linked to another record
    # than it carries, and nothing new would bring that up.
    if work.is_settled(connection, entry.record_id):
        work.read_again(connection, entry.record_id, now)


def capture_shown(connection: Session, row: Captured, asked_at: float, now: float) -> None:
    """See `Outbox.capture_shown`."""
    capture.capture_page(connection, [row], now=now, fresh_max=1, asked_at=asked_at, may_lag=False)
