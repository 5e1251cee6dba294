"""Outcomes of work on a People tab, also where the link leads elsewhere or nothing was sent."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.intent import IntentKind
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.reason import Code
from engine.model.records import TabLine
from engine.model.tab import KnownRole, RefusedRole, Roles, TabWork
from engine.model.work import Failure
from engine.model.write import Write, WriteKind
from tests.unit.engine.stand_ins import NOW, link, person, row, state_of, take
from tests.unit.engine.store.adapters import (
    capture,
    intents,
    people,
    refused_roles,
    tab_outcomes,
    tabs,
)

TAB = [TabLine(31, "User"), TabLine(32, "")]
ROLE = KnownRole(501, 310, "User", True, NOW)
FAILURE = Failure("validation", "role", foreign(Code.REFUSED, "not that one"))
REFUSED = {
    (310, "User"): RefusedRole(FAILURE, joined=True, held=False, retry_at=NOW + 9, created=True),
    (320, ""): RefusedRole(FAILURE, joined=False, held=True, retry_at=NOW + 8, created=False),
}


@pytest.fixture
def work(connection: sqlite3.Connection) -> TabWork:
    """An opportunity with two people, created just now as 7."""
    take(connection, row(1, 5, tab=TAB))
    link(connection)
    return due(connection)


def due(connection: sqlite3.Connection) -> TabWork:
    """Its people, which must be waiting."""
    found = tabs.load(connection, 1)
    assert found is not None
    return found


def elsewhere(connection: sqlite3.Connection) -> None:
    """The record is linked to another opportunity meanwhile."""
    connection.execute("UPDATE people_tab SET target_id = 8 WHERE record_id = 1")


def decisions(connection: sqlite3.Connection) -> list[str]:
    """What is told, in order."""
    return [line[0] for line in connection.execute("SELECT decision FROM history ORDER BY seq")]


def test_what_a_look_has_shown_ends_the_doubt_of_what_was_announced(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """The roles are known before anything follows from them."""
    assert tab_outcomes.begin(connection, work, [(310, "User")], NOW)
    assert due(connection).announced == ((310, "User"),)

    tab_outcomes.keep(connection, work, Roles([ROLE], refused=REFUSED), NOW)

    found = due(connection)
    assert (found.roles, found.announced, found.is_open) == ((ROLE,), (), False)
    assert list(found.refused.items()) == [
        (edge, REFUSED[edge]) for edge in ((320, ""), (310, "User"))
    ]


def test_what_belongs_to_another_opportunity_says_nothing_about_the_present_one(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """It is kept with the one it was sent to."""
    assert tab_outcomes.goes_on(connection, work)
    intents.announce(connection, IntentKind.ROLE, 1, '[[320,""]]', NOW)
    elsewhere(connection)

    tab_outcomes.keep(connection, work, Roles([ROLE], refused=REFUSED), NOW)
    tab_outcomes.hold(connection, work, Roles([]), "would be removed", [], now=NOW)
    tab_outcomes.abandon(connection, work, NOW, look_in_s=1)

    assert not tab_outcomes.goes_on(connection, work)
    assert not tab_outcomes.begin(connection, work, [], NOW)
    found = due(connection)
    assert (found.roles, found.refused, found.is_open, found.listed) == ((), {}, True, True)
    assert refused_roles.on(connection, 7) == REFUSED


def test_what_would_be_changed_waits_for_an_approval_with_what_was_seen(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """A later look need not be repeated."""
    tab_outcomes.hold(connection, work, Roles([ROLE]), "a role would be removed", [32], now=NOW)

    assert tabs.load(connection, 1) is None
    kept = connection.execute("SELECT mass, reason_class, held_people FROM people_tab").fetchone()
    assert tuple(kept) == (2, "held_back", "[32]")
    assert [role[0] for role in connection.execute("SELECT id FROM role")] == [501]


def test_whoever_turns_up_is_no_reason_to_come_back_to_an_opportunity_that_is_gone(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """The record is looked at, and says what follows."""
    tab_outcomes.settle(
        connection, work, Roles([], refused=REFUSED), waits_for=[31, 32, 31], complete=False,
        note=None, now=NOW,
    )  # fmt: skip
    assert sorted(people.awaited(connection)) == [31, 32]

    tab_outcomes.abandon(connection, work, NOW, look_in_s=60)

    assert people.awaited(connection) == []
    assert refused_roles.on(connection, 7) == {}
    assert state_of(connection, 1) == "pending"


def test_that_nothing_has_come_of_it_is_told_once_until_something_was_written(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """However often somebody looks."""
    note = Note("related", foreign(Code.UNSPECIFIED, "32 is nobody's prospect"))
    before = decisions(connection)
    written = Roles([ROLE], writes=[Write(WriteKind.ROLE_ADDED, 7, role_id=501, prospect_id=310)])
    for roles in (Roles([]), Roles([]), written, Roles([ROLE]), Roles([ROLE])):
        tab_outcomes.settle(
            connection, work, roles, waits_for=[32], complete=False, note=note, now=NOW
        )

    assert decisions(connection) == [*before, *["related"] * 3]


def test_a_tab_that_has_several_reasons_at_once_is_looked_at_for_each(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """The one that is newest is not to be lost to an outcome of an older one."""
    tab_outcomes.settle(
        connection, work, Roles([]), waits_for=[31, 32], complete=False, note=None, now=NOW
    )

    assert tabs.wake_awaiting(connection, [31, 32, 33], NOW + 5) == 2
    assert (due(connection).revision, due(connection).pending_since) == (3, NOW + 5)
    # The first one lets go of what the fuse had, and the second finds it so.
    connection.execute("UPDATE people_tab SET mass = 2, due_at = 99999999999")
    assert tabs.look_again(connection, [1, 9, 1], Lane.FRESH, NOW + 6) == 2
    assert (due(connection).lane, due(connection).mass) == (Lane.FRESH, Mass.NONE)
    assert tabs.due_keys(connection, Lane.FRESH, NOW + 6, 9) == [1]


def test_a_tab_is_parked_once_however_often_it_is_named(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """What waits already waits as long as before."""
    tab_outcomes.keep(connection, work, Roles([ROLE]), NOW)

    tabs.park_emptied(connection, [1, 2, 1], Lane.BACKLOG, NOW + 5)

    parked = connection.execute("SELECT mass, revision, pending_since FROM people_tab").fetchone()
    assert tuple(parked) == (1, 3, work.pending_since)
    assert tabs.look_again(connection, [1], Lane.FRESH, NOW + 6) == 0


def test_the_people_of_those_that_wait_longest_come_first(connection: sqlite3.Connection) -> None:
    """There is not always room for all of them."""
    for number, first in ((1, 33), (2, 31), (3, 32)):
        take(connection, row(number, tab=[TabLine(first, ""), TabLine(39, "")]))
        link(connection, number, 70 + number, now=NOW - number)

    assert tabs.people_ahead(connection, 9) == [32, 39, 31, 33]
    assert tabs.people_ahead(connection, 1) == [32, 39]
    assert tabs.people_ahead(connection, 9, weighed=True) == []
    capture.capture_page(connection, [row(3, tab=[])], now=NOW, fresh_max=9)
    assert tabs.people_ahead(connection, 9) == [31, 39, 33]


def test_who_was_looked_at_or_failed_is_known_with_when_and_why(
    connection: sqlite3.Connection,
) -> None:
    """Nobody unknown is made known by it."""
    people.failed(connection, 31, FAILURE, NOW, retry_at=NOW + 9)
    assert people.load(connection, [31]) == {}
    people.announce(connection, person(31), "a@b", NOW)

    people.failed(connection, 31, FAILURE, NOW + 1, retry_at=NOW + 9)
    people.failed(connection, 31, FAILURE, NOW + 2, retry_at=NOW + 10)
    people.looked(connection, 31, NOW + 3)

    known = people.load(connection, [31, 32])[31]
    assert (known.failed_at, known.retry_at, known.taken_at) == (NOW + 2, NOW + 10, NOW + 3)
    assert (known.reason, known.is_open) == (FAILURE.reason, False)
    assert decisions(connection) == ["waits"]


def test_nobody_is_related_on_behalf_of_a_record_that_was_left_out_meanwhile(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """Not with the rest of what was begun either."""
    assert tab_outcomes.begin(connection, work, [], NOW)
    assert not due(connection).left_out
    capture.leave_out(connection, [(1, 5)], foreign(Code.UNSPECIFIED, "unticked"), NOW)

    assert due(connection).left_out
    assert not tab_outcomes.goes_on(connection, work)
    assert not tab_outcomes.begin(connection, work, [], NOW)


def test_an_opportunity_that_is_gone_rests_until_its_record_was_looked_at(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """It would be asked for once more for each of its people."""
    tab_outcomes.abandon(connection, work, NOW, look_in_s=60)

    assert tabs.load(connection, 1) is None
    assert tabs.due_keys(connection, Lane.FRESH, NOW + 99, 9) == []


def test_a_role_that_we_made_stays_ours_wherever_it_is_met_again(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """Whoever lists it does not know whose it is."""
    tab_outcomes.keep(connection, work, Roles([ROLE]), NOW)

    tab_outcomes.keep(connection, work, Roles([replace(ROLE, made=False)]), NOW + 1)

    assert [role.made for role in due(connection).roles] == [True]


def test_what_was_weighed_of_an_older_tab_holds_no_newer_one(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """Somebody has edited it since: that is no part of what is weighed."""
    assert tabs.look_again(connection, [1], Lane.FRESH, NOW + 1) == 1

    tab_outcomes.hold(connection, work, Roles([]), "a role would be removed", [], now=NOW + 2)

    assert due(connection).mass is Mass.NONE


def test_nobody_looks_ahead_at_people_of_what_is_held(
    connection: sqlite3.Connection, work: TabWork
) -> None:
    """They would take the room of those whose turn it is."""
    tab_outcomes.hold(connection, work, Roles([]), "a role would be removed", [31], now=NOW)

    assert tabs.people_ahead(connection, 9) == []
    assert tabs.people_ahead(connection, 9, weighed=True) == []
