"""What an operator is told: counts, ages, reasons."""

from __future__ import annotations

import sqlite3

from engine.flow.lane import Lane
from engine.store import report, work
from engine.store.outbox import load, postpone
from engine.store.report import Counts
from engine.store.work import Failure, Note, Owed
from tests.unit.engine.stand_ins import NOW, pending, row, take


def test_an_empty_state_counts_nothing(connection: sqlite3.Connection) -> None:
    """The first look at a new service."""
    assert report.counts(connection) == Counts(0, None, 0, 0, 0, 0, 0)
    assert report.due(connection, NOW, Lane.BACKLOG) == 0
    assert report.history(connection, "OPP-1") == []


def test_every_kind_of_record_is_counted_once(connection: sqlite3.Connection) -> None:
    """The dashboard and the end of `once` read these numbers."""
    take(connection, *(row(number, updated_at=1000 + number) for number in range(1, 5)))
    work.settle_linked(
        connection,
        pending(connection, 1),
        target_id=7,
        synced={},
        owed=Owed(target_id="7"),
        awaited=[],
        note=Note("created", ""),
        now=NOW,
    )
    failure = Failure("validation", None, "no")
    work.settle_refused(connection, pending(connection, 2), failure, NOW)
    work.open_intent(connection, 3, "OPP-3", NOW)
    work.doubt(connection, pending(connection, 3), failure, due_at=NOW + 9, counts=False, now=NOW)
    [entry] = load(connection, [1])
    postpone(connection, entry, "busy", due_at=NOW + 9, counts=True)

    assert report.counts(connection) == Counts(
        pending=2,
        pending_oldest_at=1003,
        in_doubt=1,
        refused=1,
        linked=1,
        outbox=2,
        outbox_stuck=1,
    )
    assert report.due(connection, NOW, Lane.BACKLOG) == 2
    assert report.due(connection, NOW + 9, Lane.BACKLOG) == 4
    assert report.waiting_reasons(connection, 5) == [("no", 1)]
