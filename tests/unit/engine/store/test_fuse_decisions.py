"""The fuse, as kept: it decides when everything is evaluated, and never over a newer change."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.mass_change import Held, Limits, Mass
from engine.model.reason import Code
from engine.model.records import TabLine
from engine.model.tab import Roles
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, link, pending, row, take
from tests.unit.engine.store.adapters import (
    capture,
    claims,
    fuse,
    kept,
    settle,
    tab_outcomes,
    tabs,
    work,
)


def evaluated_anew(connection: sqlite3.Connection, *records: int) -> None:
    """These linked records are to be evaluated, for a changed mapping, say."""
    rows = [row(one) for one in records]
    capture.capture_page(connection, rows, now=NOW, fresh_max=0, anew=True, mass=True)


def linked(connection: sqlite3.Connection, *records: int) -> None:
    """These records are in the target."""
    for one in records:
        take(connection, row(one))
        link(connection, one, 10 * one)


def hold(connection: sqlite3.Connection, record: int) -> None:
    """This one would be changed."""
    fuse.hold_record(
        connection,
        record,
        pending(connection, record).revision,
        {"name": "A deal"},
        "would send name",
    )


def replaced(connection: sqlite3.Connection, record: int) -> None:
    """This one would be created anew: its target record was found gone while it was evaluated."""
    linked(connection, record)
    evaluated_anew(connection, record)
    note = Note("target gone", f"id {10 * record}")
    settle.forget_target(connection, pending(connection, record), 10 * record, note, NOW)
    hold(connection, record)


def test_nothing_is_decided_while_a_record_is_still_to_be_evaluated(
    connection: sqlite3.Connection,
) -> None:
    """The first few of a mass change look like a small one."""
    linked(connection, 1, 2, 3)
    evaluated_anew(connection, 1, 2, 3)
    hold(connection, 1)

    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) is None

    hold(connection, 2)
    hold(connection, 3)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) == Held(3, 3, tripped=True)


def test_a_record_captured_since_is_not_held_by_an_older_evaluation(
    connection: sqlite3.Connection,
) -> None:
    """A fresh edit goes on, whatever is held."""
    linked(connection, 1)
    evaluated_anew(connection, 1)
    stale = pending(connection, 1)
    take(connection, row(1, 2))

    fuse.hold_record(connection, 1, stale.revision, {"name": "A deal"}, "would send name")

    assert fuse.held(connection).records == 0
    assert pending(connection, 1).version == 2


def test_what_was_held_is_released_whole(connection: sqlite3.Connection) -> None:
    """An approval, or a share that is small enough."""
    linked(connection, 1, 2)
    evaluated_anew(connection, 1, 2)
    hold(connection, 1)
    hold(connection, 2)

    assert fuse.decide(connection, Limits(1.0, 1, 0), NOW) == Held(2, 2, tripped=False)

    assert fuse.held(connection) == Held(0, 2, tripped=False)


@pytest.mark.parametrize(("changes_min", "held"), [(1, 0), (0, 1)])
def test_what_takes_the_place_of_a_gone_record_counts_as_a_change(
    connection: sqlite3.Connection, changes_min: int, held: int
) -> None:
    """It is no newcomer of a first look, which were counted before they were held."""
    replaced(connection, 1)

    decided = fuse.decide(connection, Limits(0.0, changes_min, 0), NOW)

    assert decided == Held(1, 0, tripped=bool(held))
    assert fuse.held(connection).records == held


def test_what_takes_the_place_of_a_gone_record_goes_on_beside_newcomers(
    connection: sqlite3.Connection,
) -> None:
    """Those wait for an approval, of which it has no part."""
    limits = Limits(0.0, 1, 0)
    replaced(connection, 1)
    newcomers = [row(2)]
    capture.capture_page(connection, newcomers, now=NOW, fresh_max=9, first_look=True)
    fuse.judge_parked(connection, limits, NOW, first_look=True)

    assert fuse.decide(connection, limits, NOW) == Held(1, 0, tripped=True, creates=1)

    assert work.load(connection, 1) is not None
    assert work.load(connection, 2) is None


@pytest.mark.parametrize("unfinished", [fuse.MAPPING, *fuse.MARKS])
def test_nothing_is_decided_while_more_of_the_same_may_follow(
    connection: sqlite3.Connection, unfinished: str
) -> None:
    """Page by page, every mass change is a small one."""
    linked(connection, 1)
    evaluated_anew(connection, 1)
    hold(connection, 1)
    kept.set_setting(connection, unfinished, "1")

    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) is None

    kept.forget_setting(connection, unfinished)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) == Held(1, 1, tripped=False)


def test_the_tab_of_a_record_that_is_held_is_only_evaluated(
    connection: sqlite3.Connection,
) -> None:
    """Whatever else comes up about its people: the record goes on whole or not at all."""
    take(connection, row(1, tab=[TabLine(7, "Buyer")]))
    link(connection, 1, 10)
    connection.execute("UPDATE people_tab SET lane = 1")
    connection.execute("UPDATE record SET mass = 2 WHERE id = 1")

    work = tabs.load(connection, 1)

    assert work is not None
    assert work.mass is Mass.EVALUATING


def test_a_mistake_taken_back_holds_up_no_later_change(connection: sqlite3.Connection) -> None:
    """The fuse is whole again once nothing is held."""
    linked(connection, 1, 2, 3)
    evaluated_anew(connection, 1, 2, 3)
    for one in (1, 2, 3):
        hold(connection, one)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) == Held(3, 3, tripped=True)
    for one in (1, 2, 3):
        take(connection, row(one, 2))
        link(connection, one, 10 * one)

    assert fuse.waiting(connection)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) is None
    assert not fuse.waiting(connection)

    capture.capture_page(connection, [row(1, 2)], now=NOW, fresh_max=0, anew=True, mass=True)
    hold(connection, 1)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) == Held(1, 3, tripped=False)


def test_few_edits_met_since_the_fuse_tripped_go_on(connection: sqlite3.Connection) -> None:
    """They are edits of today, and no part of what waits; many of them are."""
    linked(connection, 1, 2, 3, 4)
    evaluated_anew(connection, 1, 2, 3)
    for one in (1, 2, 3):
        hold(connection, one)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW) == Held(3, 4, tripped=True)

    capture.capture_page(connection, [row(4, 2)], now=NOW + 60, fresh_max=9, mass=True)
    hold(connection, 4)

    assert fuse.decide(connection, Limits(0.0, 0, 0), NOW + 61) is None
    capture.capture_page(connection, [row(4, 3)], now=NOW + 70, fresh_max=9, mass=True)
    hold(connection, 4)
    assert fuse.decide(connection, Limits(0.0, 2, 0), NOW + 71) == Held(1, 4, tripped=False)
    assert fuse.held(connection) == Held(3, 4, tripped=True)


def test_what_nothing_holds_any_more_is_due(connection: sqlite3.Connection) -> None:
    """Kept by the tables themselves: a tab in doubt keeps its own time, but not for ever."""
    linked(connection, 1)
    tabs.look_again(connection, [1], Lane.FRESH, NOW)
    tab = tabs.load(connection, 1)
    assert tab is not None
    failure = Failure("unreachable", None, foreign(Code.REFUSED, "the answer was lost"))
    lost = [(31, "User")]
    tab_outcomes.doubt(connection, tab, Roles([]), failure, announced=lost, due_at=NOW + 5, now=NOW)
    fuse.hold_tab(connection, 1, tab.revision, "would create 3 roles")
    assert tabs.load(connection, 1) is None

    tabs.look_again(connection, [1], Lane.FRESH, NOW)

    assert tabs.due_keys(connection, Lane.FRESH, NOW, 10) == [1]
    take(connection, row(1, 2))
    hold(connection, 1)
    connection.execute("UPDATE record SET mass = 0")
    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [1]


def test_what_was_read_of_a_record_that_is_held_is_not_read_again(
    connection: sqlite3.Connection,
) -> None:
    """It is linked to what it owns, so that what is known of that counts once it goes on."""
    take(connection, row(1))
    claims.take(connection, 1, 77, expected=None, now=NOW)
    revision = pending(connection, 1).revision

    fuse.hold_record(connection, 1, revision, {"name": "A"}, "would send name", target_id=77)
    fuse.release(connection, NOW)

    assert (pending(connection, 1).target_id, pending(connection, 1).synced) == (77, {"name": "A"})


def test_what_is_held_is_linked_to_nothing_that_is_anothers(
    connection: sqlite3.Connection,
) -> None:
    """Somebody took it over since it was read."""
    take(connection, row(1))
    revision = pending(connection, 1).revision

    fuse.hold_record(connection, 1, revision, {"name": "A"}, "would send name", target_id=77)
    fuse.release(connection, NOW)

    assert pending(connection, 1).target_id is None
