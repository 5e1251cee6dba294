"""The audit, as kept: refused records that it does not show are left out; what is proven."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

from engine.model.reason import Code
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, link, pending, row, said, state_of, take
from tests.unit.engine.store.adapters import audit, measure, settle

FAILURE = Failure("validation", "name", said("too long"))
LATER = NOW + 100


def refused(connection: sqlite3.Connection, *record_ids: int) -> None:
    """Opportunities that the target has refused."""
    take(connection, *(row(one, 5) for one in record_ids))
    for one in record_ids:
        settle.settle_refused(connection, pending(connection, one), FAILURE, NOW)


def test_the_refused_of_a_slice(connection: sqlite3.Connection) -> None:
    """Behind its beginning, up to its end, or to that of all."""
    refused(connection, 1, 2, 3, 4)
    take(connection, row(5))

    assert audit.refused(connection, 1, 3) == [2, 3]
    assert audit.refused(connection, 1, None) == [2, 3, 4]


def test_what_is_refused_and_not_shown_is_left_out(connection: sqlite3.Connection) -> None:
    """What was changed is captured, what is as it was stays; how many are refused no more."""
    refused(connection, 1, 2, 3)
    # Our flag has made it.
    rows = [row(1, 9), replace(row(2, 5, eligible=False), flagged=True)]

    assert audit.compare_refused(connection, [1, 2, 3], rows, LATER, asked_at=LATER) == 2

    states = [state_of(connection, one) for one in (1, 2, 3)]
    assert states == ["pending", "refused", "ineligible"]
    last = connection.execute(
        "SELECT reason_code FROM history WHERE record_id = 3 ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    assert last[0] == Code.RECORD_HIDDEN
    assert audit.compare_refused(connection, [], [], LATER, asked_at=LATER) == 0


def test_what_was_refused_is_weighed_with_a_column_that_is_back(
    connection: sqlite3.Connection,
) -> None:
    """Its version tells nothing of that, and it carries our flag, so that no poll shows it."""
    refused(connection, 1, 2)
    shown = [replace(row(one, 5, eligible=False), flagged=True) for one in (1, 2)]
    back = replace(shown[0], payload=json.dumps(json.loads(shown[0].payload) | {"back": "x"}))

    assert audit.compare_refused(connection, [1, 2], [back, shown[1]], LATER, asked_at=LATER) == 0

    kept = connection.execute("SELECT payload FROM record ORDER BY id").fetchall()
    assert [one[0] for one in kept] == [back.payload, row(2, 5).payload]
    assert [state_of(connection, one) for one in (1, 2)] == ["refused", "refused"]


def test_how_many_there_are_and_how_many_are_unproven(connection: sqlite3.Connection) -> None:
    """By when the source has last shown them."""
    assert tuple(measure.unproven(connection, LATER)) == (0, None)
    take(connection, row(1), now=NOW)
    take(connection, row(2), row(3, eligible=False), now=LATER)
    link(connection, 2, 20)

    assert audit.population(connection) == 2
    assert tuple(measure.unproven(connection, LATER)) == (1, NOW)
    assert tuple(measure.unproven(connection, NOW)) == (0, NOW)


def test_a_part_that_could_not_be_read_whole_proves_nothing_gone(
    connection: sqlite3.Connection,
) -> None:
    """What it shows is captured all the same."""
    take(connection, row(1), row(2))

    outcome, gone, looked_at = audit.compare(
        connection, [row(1, 4)], after=0, upto=None, started_at=LATER, now=LATER, whole=False
    )

    assert ([one.id for one in outcome.changed], gone, looked_at) == ([1], [], 0)
