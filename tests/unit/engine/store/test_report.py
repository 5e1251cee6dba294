"""What an operator is told: counts, ages, reasons."""

from __future__ import annotations

import sqlite3

from engine.decide.reasons import foreign
from engine.model.lane import Lane
from engine.model.outbox import Owed
from engine.model.reason import Code
from engine.model.records import TabLine
from engine.model.report import Counts, WaitingReason
from engine.model.tab import Roles
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, announce, link, owed_to, pending, person, row, take
from tests.unit.engine.store.adapters import outbox, people, report, settle, tab_outcomes, tabs


def test_an_empty_state_counts_nothing(connection: sqlite3.Connection) -> None:
    """The first look at a new service."""
    assert report.counts(connection) == Counts(0, None, 0, 0, 0, 0, 0)
    assert report.due(connection, NOW, Lane.BACKLOG) == 0
    assert report.history(connection, "OPP-1") == []


def test_every_kind_of_record_is_counted_once(connection: sqlite3.Connection) -> None:
    """The dashboard and the end of `once` read these numbers."""
    take(connection, *(row(number, updated_at=1000 + number) for number in range(1, 5)))
    link(connection, 1, owed=Owed(target_id="7"))
    failure = Failure("validation", None, foreign(Code.REFUSED, "no"))
    settle.settle_refused(connection, pending(connection, 2), failure, NOW)
    announce(connection, 3)
    settle.doubt(connection, pending(connection, 3), failure, due_at=NOW + 9, counts=False, now=NOW)
    entry = owed_to(connection)
    assert entry is not None
    outbox.postpone(
        connection, entry, foreign(Code.UNSPECIFIED, "busy"), due_at=NOW + 9, counts=True, missed=0
    )

    assert report.counts(connection) == Counts(
        pending=2,
        pending_oldest_at=1003,
        in_doubt=1,
        refused=1,
        linked=1,
        outbox=2,
        outbox_stuck=1,
        in_doubt_oldest_at=NOW,
    )
    assert report.due(connection, NOW, Lane.BACKLOG) == 2
    assert report.due(connection, NOW + 9, Lane.BACKLOG) == 4
    assert report.waiting_reasons(connection, 5) == [
        WaitingReason(1, "busy", "unspecified"),
        WaitingReason(1, "no", "refused"),
    ]


def test_people_are_counted_where_an_operator_looks_for_them(
    connection: sqlite3.Connection,
) -> None:
    """Roles that may differ, lines held back, people refused, creates in doubt."""
    take(connection, *(row(number, tab=[TabLine(31, "User")]) for number in (1, 2, 3)))
    for number in (1, 2, 3):
        link(connection, number, 70 + number)
    held = tabs.load(connection, 1)
    doubtful = tabs.load(connection, 2)
    assert held is not None
    assert doubtful is not None
    tab_outcomes.settle(
        connection, held, Roles([]), waits_for=[31, 32], complete=False, note=None, now=NOW
    )
    failure = Failure("unreachable", None, foreign(Code.REFUSED, "lost"))
    tab_outcomes.doubt(
        connection,
        doubtful,
        Roles([]),
        failure,
        announced=[],
        due_at=NOW + 9,
        now=NOW,
    )
    people.refuse(
        connection, person(31), Failure("validation", "emails", foreign(Code.REFUSED, "taken")), NOW
    )
    people.announce(connection, person(32), "x@example.org", NOW)
    people.doubt(connection, person(32), foreign(Code.UNSPECIFIED, "lost"), NOW)

    counts = report.counts(connection)

    assert (counts.tabs, counts.lines_held_back, counts.people_refused) == (2, 1, 1)
    assert counts.in_doubt == 2
    assert report.due(connection, NOW, Lane.BACKLOG) == 2
    assert report.due(connection, NOW + 9, Lane.BACKLOG) == 3
    assert [(one.ref, one.reason) for one in report.refused(connection, 10)] == [
        ("PERS-31", "taken")
    ]
