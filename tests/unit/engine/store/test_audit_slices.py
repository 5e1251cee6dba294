"""The audit, as kept: only what a slice surely lacks is left out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from engine.model.reason import Code
from engine.model.records import Captured, TabLine
from tests.unit.engine.stand_ins import NOW, announce, row, state_of, take
from tests.unit.engine.store.adapters import audit, capture, report

LATER = NOW + 100


def compared(
    connection: sqlite3.Connection,
    rows: Sequence[Captured],
    *,
    after: int = 0,
    upto: int | None = None,
    started_at: float = LATER,
) -> int:
    """Compare a slice, of which the source shows no more; how many are left out."""
    _, lacking, _ = audit.compare(
        connection, rows, after=after, upto=upto, started_at=started_at, now=LATER
    )
    return audit.leave_out_vanished(connection, lacking, [], [], asked_at=LATER, now=LATER)


def test_what_a_slice_shows_stays_and_what_it_lacks_is_left_out(
    connection: sqlite3.Connection,
) -> None:
    """Unticked, deleted or hidden without an edit that a poll could see."""
    take(connection, row(1), row(2))

    assert compared(connection, [row(1)]) == 1

    assert (state_of(connection, 1), state_of(connection, 2)) == ("pending", "ineligible")


def test_records_outside_the_slice_are_no_business_of_it(connection: sqlite3.Connection) -> None:
    """The slice before ended with the record it begins behind."""
    take(connection, row(1), row(2), row(3), row(4))

    assert compared(connection, [row(2)], after=1, upto=3) == 1

    states = [state_of(connection, one) for one in (1, 2, 3, 4)]
    assert states == ["pending", "pending", "ineligible", "pending"]


def test_a_record_captured_while_the_audit_asked_is_not_left_out(
    connection: sqlite3.Connection,
) -> None:
    """It may have been created after the page was read."""
    take(connection, row(1), now=NOW)

    assert compared(connection, [], started_at=NOW - 1) == 0

    assert state_of(connection, 1) == "pending"


def test_a_create_in_doubt_is_accounted_for_whatever_an_audit_shows(
    connection: sqlite3.Connection,
) -> None:
    """It may exist in the target; forgetting it would make the next tick a duplicate."""
    take(connection, row(1))
    announce(connection, 1)

    assert compared(connection, []) == 0

    assert state_of(connection, 1) == "pending"


def test_a_version_that_differs_is_captured(connection: sqlite3.Connection) -> None:
    """A change that never showed in the change order."""
    take(connection, row(1, 3))

    outcome, lacking, _ = audit.compare(
        connection, [row(1, 4)], after=0, upto=None, started_at=LATER, now=LATER
    )

    assert ([one.version for one in outcome.changed], lacking) == ([4], [])


def test_what_a_slice_lacks_is_told_why_it_is_left_out(connection: sqlite3.Connection) -> None:
    """Somebody unticked it, deleted it, or hid it: whoever asks is told which it was."""
    take(connection, row(1, 5), row(2, 5), row(3, 5), row(4, 5), row(5, 5))
    rows = [row(1, 6, eligible=False), row(4, 5, eligible=False), row(5, 5)]

    left = audit.leave_out_vanished(
        connection, [1, 2, 3, 4, 5], rows, [2], asked_at=LATER, now=LATER
    )

    assert left == 4
    told = [report.history(connection, f"OPP-{one}") for one in range(1, 6)]
    assert [[line.reason_code for line in lines] for lines in told] == [
        [Code.SYNC_OFF],
        [Code.RECORD_DELETED],
        [Code.RECORD_HIDDEN],
        [Code.SYNC_OFF],
        [],
    ]


def test_a_slice_that_could_not_be_read_whole_lacks_nothing(connection: sqlite3.Connection) -> None:
    """What it does not show may be what could not be read."""
    take(connection, row(1), row(2))

    _, lacking, _ = audit.compare(
        connection, [row(1)], after=0, upto=None, started_at=LATER, now=LATER, whole=False
    )

    assert lacking == []


def completed(of: Captured, *columns: str) -> Captured:
    """The row with columns beside its own."""
    return replace(of, payload=json.dumps(dict.fromkeys(columns, "x") | {"id": of.id}))


def test_a_column_that_was_lacking_is_captured(connection: sqlite3.Connection) -> None:
    """A permission lost and given back moves no version; what it showed before is no news."""
    take(connection, *(completed(row(one, 5), "name") for one in (1, 2, 3)))
    rows = [
        completed(row(1, 5), "name", "date"),
        completed(row(2, 5)),
        completed(row(3, 5, eligible=False), "name", "date"),
    ]

    outcome, _, _ = audit.compare(connection, rows, after=0, upto=None, started_at=LATER, now=LATER)

    assert [one.id for one in outcome.changed] == [1]
    again, _, _ = audit.compare(connection, rows, after=0, upto=None, started_at=LATER, now=LATER)
    assert again.changed == []


def test_a_poll_leaves_a_column_that_was_lacking_to_the_audit_unless_the_tab_is_another(
    connection: sqlite3.Connection,
) -> None:
    """A new mapping that asks for columns has its own way; a row taken for its tab is kept."""
    take(connection, *(completed(row(one, 5, tab=[]), "name") for one in (1, 2)))
    rows = [
        completed(row(1, 5, tab=[]), "name", "date"),
        completed(row(2, 5, tab=[TabLine(31, "User")]), "name", "date"),
    ]

    outcome = capture.capture_page(connection, rows, now=LATER, fresh_max=50)

    assert [one.id for one in outcome.changed] == [2]
