"""Capture of a page: what its rows make of what is known, and of a record that it has twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.decide.reasons import foreign
from engine.model.lane import Lane
from engine.model.mass_change import NEVER
from engine.model.reason import Code
from engine.model.records import Captured, TabLine
from engine.model.tab import KnownRole, Roles
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, announce, link, owed_to, pending, row, state_of, take
from tests.unit.engine.store.adapters import capture, settle, tab_outcomes, tabs, work

TAB = [TabLine(31, "User")]


def of(connection: sqlite3.Connection, record_id: int, *columns: str) -> tuple[object, ...]:
    """What is kept of the record."""
    names = ", ".join(columns)
    return tuple(
        connection.execute(
            f"SELECT {names} FROM record WHERE id = ?",  # noqa: S608 # names of ours
            (record_id,),
        ).fetchone()
    )


def related(connection: sqlite3.Connection, *, made: bool) -> None:
    """Record 1 is opportunity 7, and has its person related."""
    take(connection, row(1, tab=TAB))
    link(connection)
    found = tabs.load(connection, 1)
    assert found is not None
    tab_outcomes.settle(
        connection,
        found,
        Roles([KnownRole(501, 310, "User", made, NOW)]),
        waits_for=[],
        complete=True,
        note=None,
        now=NOW,
    )


def refuse(connection: sqlite3.Connection, record_id: int) -> None:
    """The target does not take it."""
    failure = Failure("validation", "name", foreign(Code.REFUSED, "too long"))
    settle.settle_refused(connection, pending(connection, record_id), failure, NOW)


@pytest.mark.parametrize(
    ("versions", "last"), [([5, 6], 6), ([6, 5], 5), ([5, 5], 5), ([5, 6, 7], 7)]
)
def test_of_a_record_that_a_page_has_twice_the_later_row_counts(
    connection: sqlite3.Connection, versions: Sequence[int], last: int
) -> None:
    """An edit while the page was put together; whichever comes last was read last."""
    rows = [row(1, version, name=str(version)) for version in versions]
    taken = capture.capture_page(connection, [row(2), *rows, row(3)], now=NOW, fresh_max=20)

    assert taken.changed == [row(2), *rows, row(3)]
    assert of(connection, 1, "version", "revision") == (last, len(versions))
    assert json.loads(pending(connection, 1).payload)["name"] == str(last)


def test_the_second_row_of_a_record_meets_what_the_first_has_made_of_it(
    connection: sqlite3.Connection,
) -> None:
    """Unticked and ticked again: both are told, in this order."""
    take(connection, row(1, 1))
    rows = [row(1, 2, eligible=False), row(1, 3)]

    capture.capture_page(connection, rows, now=NOW + 1, fresh_max=20)

    assert state_of(connection, 1) == "pending"
    lines = connection.execute("SELECT decision FROM history WHERE record_id = 1 ORDER BY seq")
    assert [line[0] for line in lines] == ["left out", "taken up again"]


def test_a_tab_that_a_page_has_twice_is_looked_at_for_each_and_told_once_where_it_is_the_same(
    connection: sqlite3.Connection,
) -> None:
    """A reason to look that came up meanwhile is not to be lost."""
    related(connection, made=False)
    other, third = [TabLine(32, "")], [TabLine(33, "")]
    rows = [row(1, tab=other), row(1, tab=other), row(1, tab=third)]

    taken = capture.capture_page(connection, rows, now=NOW + 1, fresh_max=20)

    assert taken.tabs == [1, 1]
    assert of(connection, 1, "tab") == ('[[33,""]]',)
    found = tabs.load(connection, 1)
    assert found is not None
    assert found.revision == 3


def test_a_row_that_is_shown_twice_is_as_old_as_it_was_shown_last(
    connection: sqlite3.Connection,
) -> None:
    """The version we know is proven by it."""
    take(connection, row(1, 5))
    late = row(1, 4)

    capture.capture_page(
        connection, [late, row(1, 5), late], now=NOW + 9, fresh_max=20, sweep=4, asked_at=NOW - 1
    )

    assert of(connection, 1, "version", "proved_at", "swept") == (5, NOW + 9, 4)


def test_a_page_of_a_sweep_marks_what_it_takes_and_what_it_knows(
    connection: sqlite3.Connection,
) -> None:
    """What is not marked is left out at its end."""
    take(connection, row(1), row(2, 5))
    capture.capture_page(connection, [row(1), row(2, 6)], now=NOW, fresh_max=20, sweep=3)
    capture.capture_page(connection, [row(2, 7)], now=NOW, fresh_max=20)

    assert of(connection, 1, "swept") == of(connection, 2, "swept") == (3,)


def test_in_a_first_look_what_would_be_created_waits_to_be_counted(
    connection: sqlite3.Connection,
) -> None:
    """Nobody expects all of them at once; what is announced is accounted for all the same."""
    take(connection, row(3))
    announce(connection, 3)
    rows = [row(1), replace(row(2, linked=True), target_id="7"), row(3, 2), row(4, eligible=False)]

    capture.capture_page(connection, rows, now=NOW, fresh_max=20, first_look=True)

    assert of(connection, 1, "mass", "due_at", "lane", "carried") == (1, NEVER, Lane.FRESH, None)
    assert of(connection, 2, "mass", "due_at", "lane", "carried") == (1, NOW, Lane.BACKLOG, 7)
    assert of(connection, 3, "mass", "due_at") == (0, NOW)
    assert of(connection, 4, "state", "mass", "due_at") == ("ineligible", 0, NOW)


@pytest.mark.parametrize("made", [True, False])
def test_a_tab_that_is_emptied_waits_for_the_end_of_the_poll_where_its_roles_are_ours(
    connection: sqlite3.Connection, made: bool
) -> None:
    """Many at once are somebody's mistake; what we have not made we would not remove."""
    related(connection, made=made)
    bare = row(1, 2, tab=[])

    capture.capture_page(connection, [bare, bare], now=NOW + 1, fresh_max=20)

    (waits,) = connection.execute("SELECT due_at FROM people_tab WHERE mass = 1").fetchone() or (0,)
    assert waits == (NEVER if made else 0)


@pytest.mark.parametrize("eligible", [True, False])
def test_a_flag_that_is_still_owed_is_void_with_an_edit(
    connection: sqlite3.Connection, eligible: bool
) -> None:
    """It would be about what nobody refused."""
    take(connection, row(1, 5))
    refuse(connection, 1)
    assert owed_to(connection) is not None

    capture.capture_page(
        connection, [row(1, 5), row(1, 6, eligible=eligible)], now=NOW + 1, fresh_max=20
    )

    assert owed_to(connection) is None
    assert of(connection, 1, "flagged") == (0 if eligible else 1,)


def test_a_flag_is_owed_still_where_the_version_is_the_one_that_was_refused(
    connection: sqlite3.Connection,
) -> None:
    """Shown once more, or read anew: nobody has changed anything."""
    take(connection, row(1, 5))
    refuse(connection, 1)

    capture.capture_page(connection, [row(1, 5)], now=NOW + 1, fresh_max=20, anew=True)

    entry = owed_to(connection)
    assert entry is not None
    assert entry.error


def test_what_is_skipped_is_left_out_and_stays_so(connection: sqlite3.Connection) -> None:
    """An operator said so, maybe before it was ever captured."""
    connection.execute("INSERT INTO skip VALUES ('opportunity', 1, 'mine', ?)", (NOW,))
    take(connection, row(1))
    assert state_of(connection, 1) == "ineligible"

    assert capture.capture_page(connection, [row(1)], now=NOW, fresh_max=20).changed == []


def test_what_was_asked_for_and_is_not_shown_is_left_out_unless_the_target_may_have_it(
    connection: sqlite3.Connection,
) -> None:
    """Deleted, or hidden from us; a create in doubt is accounted for all the same."""
    take(connection, *(row(number) for number in (1, 2, 3, 4)))
    announce(connection, 2)
    link(connection, 3)
    take(connection, row(4, 2), now=NOW + 5)

    left = capture.take_asked_for(
        connection, [1, 2, 3, 4, 9], [row(5)], NOW + 1, NOW + 6, fresh_max=20
    )

    assert left == 1
    assert [state_of(connection, number) for number in (1, 2, 3, 4, 5)] == [
        "ineligible", "pending", "settled", "pending", "pending",
    ]  # fmt: skip
    assert [gone[0] for gone in connection.execute("SELECT record_id FROM vanished")] == [1]


@pytest.mark.parametrize("whole", [True, False])
def test_a_sweep_that_could_not_be_read_whole_leaves_nothing_out(
    connection: sqlite3.Connection, whole: bool
) -> None:
    """What it lacks may be what could not be read."""
    take(connection, row(1))

    assert capture.end_sweep(connection, 1, NOW + 1, NOW + 2, whole=whole) == whole
    assert capture.next_sweep(connection) == 1


def test_a_name_that_no_database_can_keep_does_not_stop_its_page(
    connection: sqlite3.Connection,
) -> None:
    """Whoever typed it, the page after it would never be read."""
    payload = json.dumps({"name": "a\0b \ud83d", "customer": 10})
    odd: Captured = replace(row(1, tab=[TabLine(31, "\0 \ud83d")]), ref="OPP\0-1", payload=payload)

    capture.capture_page(connection, [odd, row(2)], now=NOW, fresh_max=20)
    capture.capture_page(connection, [replace(odd, version=2)], now=NOW, fresh_max=20)

    assert work.due_keys(connection, Lane.FRESH, NOW, 9) == [1, 2]
    assert pending(connection, 1).payload == payload
