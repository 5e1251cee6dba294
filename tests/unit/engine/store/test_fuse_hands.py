"""The fuse, as kept: what somebody approves goes on and nothing else, alone or by a plan."""

from __future__ import annotations

import sqlite3
from typing import Any

from engine.model.approval import Approved, Chosen
from engine.model.kept import FIRST_LOOK, MARKS
from engine.model.lane import Lane
from engine.model.mass_change import NEVER, Held, Limits, Mass
from engine.model.named import Named
from engine.model.records import RecordType, TabLine
from engine.model.run import RunKind
from tests.unit.engine.stand_ins import NOW, link, pending, row, take
from tests.unit.engine.store.adapters import fuse, kept, runs, tabs

LATER = NOW + 60
LIMITS = Limits(share=0.0, records_min=0, creates_max=0)


def opportunity(number: int) -> Named:
    """An opportunity, named."""
    return Named(RecordType.OPPORTUNITY, number, f"OPP-{number}")


def somebody(number: int) -> Named:
    """A person, named."""
    return Named(RecordType.PERSON, number, f"PERS-{number}")


def held(connection: sqlite3.Connection, *record_ids: int) -> None:
    """Records that would be changed; captured in their order, each with ten times its id on it."""
    for one in record_ids:
        take(connection, row(one, tab=[TabLine(one * 10, "")]), now=NOW + one)
        revision = pending(connection, one).revision
        fuse.hold_record(connection, one, revision, {"name": "A"}, "would send name")


def held_tab(connection: sqlite3.Connection, record_id: int, *people: int) -> None:
    """People on a linked record who would be created."""
    take(connection, row(record_id, tab=[TabLine(one, "") for one in people]))
    link(connection, record_id, record_id * 10)
    tab = tabs.load(connection, record_id)
    assert tab is not None
    fuse.hold_tab(connection, record_id, tab.revision, "would create them", people)


def columns(connection: sqlite3.Connection, names: str, table: str = "record") -> list[Any]:
    """Of each row, in the order of the records."""
    key = "id" if table == "record" else "record_id"
    rows = connection.execute(f"SELECT {names} FROM {table} ORDER BY {key}").fetchall()  # noqa: S608 # names of ours
    return [tuple(one) for one in rows]


def test_what_is_held_is_counted_with_its_people(connection: sqlite3.Connection) -> None:
    """Somebody who is on two tabs is one."""
    assert fuse.held(connection) == Held(0, 0, tripped=False)

    held(connection, 1)
    held_tab(connection, 2, 5, 6)
    held_tab(connection, 3, 6, 7)

    assert fuse.held(connection) == Held(3, 2, tripped=False, people=3, creates=1)
    assert fuse.held_ids(connection) == [1, 2, 3]
    assert fuse.held_since(connection) is None


def test_since_when_the_fuse_has_tripped(connection: sqlite3.Connection) -> None:
    """To the fraction of a second."""
    held_tab(connection, 1, 5)

    assert fuse.decide(connection, LIMITS, LATER + 0.123456) == Held(1, 1, tripped=True, people=1)

    assert fuse.held_since(connection) == LATER + 0.123456
    assert fuse.waiting(connection)


def test_only_what_is_named_goes_on(connection: sqlite3.Connection) -> None:
    """A person stands for the records that they are on."""
    held(connection, 1, 2, 3)
    held_tab(connection, 4, 40, 50)

    only = Chosen(only=(opportunity(1), somebody(30), somebody(50)))
    assert fuse.held_ids(connection, only) == [1, 3, 4]
    assert fuse.release(connection, LATER, only) == 3

    assert columns(connection, "mass, due_at, reason_code, pending_since") == [
        (Mass.APPROVED, 0, None, LATER),
        (Mass.HELD, NEVER, "mass-change-held", pending_since(connection, 2)),
        (Mass.APPROVED, 0, None, LATER),
        (Mass.NONE, *columns(connection, "due_at, reason_code, pending_since")[3]),
    ]
    assert columns(connection, "mass, due_at", "people_tab") == [(Mass.APPROVED, 0)]


def pending_since(connection: sqlite3.Connection, record_id: int) -> float:
    """Since when the record waits."""
    return columns(connection, "pending_since")[record_id - 1][0]


def test_what_is_named_otherwise_waits_on(connection: sqlite3.Connection) -> None:
    """So does what came since it was shown; the fuse has tripped while anything waits."""
    held(connection, 1, 2, 3)
    kept.set_setting(connection, fuse.SETTING, '{"records": 3, "at": 1.0}')

    approved = fuse.approve(connection, LATER, Chosen(beside=(somebody(10),), seen_at=NOW + 2))

    assert approved.edits == 1
    run = runs.known(connection, approved.run or 0)
    assert run is not None
    assert run.kind == RunKind.APPROVED
    assert columns(connection, "mass, let_go") == [(2, None), (3, run.id), (2, None)]
    assert fuse.held_since(connection) == 1.0
    assert fuse.approve(connection, LATER).edits == 2
    assert fuse.held_since(connection) is None
    assert fuse.approve(connection, LATER) == Approved()


def test_what_a_plan_takes_out_goes_on_by_it_and_is_held_again(
    connection: sqlite3.Connection,
) -> None:
    """Only what the fuse has anything of, and what is still to be done."""
    held(connection, 1, 2)
    held_tab(connection, 3, 5)
    run = runs.begin(connection, RunKind.APPLIED, NOW)

    assert fuse.take_out(connection, 1, run, LATER)
    assert fuse.take_out(connection, 3, run, LATER)
    assert not fuse.take_out(connection, 1, run, LATER)
    assert not fuse.take_out(connection, 9, run, LATER)
    assert columns(connection, "mass, let_go, due_at")[:2] == [(3, run, LATER), (2, None, NEVER)]
    assert columns(connection, "mass, let_go, due_at", "people_tab") == [(3, run, LATER)]

    fuse.hold_again(connection, 1, run + 1, LATER)
    assert fuse.held_ids(connection) == [2]
    fuse.hold_again(connection, 1, run, LATER)
    fuse.hold_again(connection, 3, run, LATER)
    assert fuse.held_ids(connection) == [1, 2, 3]
    assert columns(connection, "mass, let_go, due_at")[:2] == [(2, None, NEVER), (2, None, NEVER)]
    assert fuse.held_since(connection) == LATER


def test_at_start_nobody_goes_on_with_what_was_unfinished(connection: sqlite3.Connection) -> None:
    """What an approval let go is still meant."""
    held(connection, 1, 2)
    held_tab(connection, 3, 5)
    plan = runs.begin(connection, RunKind.APPLIED, NOW)
    fuse.take_out(connection, 1, plan, NOW)
    fuse.take_out(connection, 3, plan, NOW)
    fuse.approve(connection, NOW, Chosen(only=(opportunity(2),)))
    for mark in MARKS:
        kept.set_setting(connection, mark, "1")
    kept.set_setting(connection, FIRST_LOOK, "1")

    assert fuse.forget_unfinished(connection, LATER) == 2

    assert fuse.held_ids(connection) == [1, 3]
    assert [kept.setting(connection, one) for one in (*MARKS, FIRST_LOOK)] == [None, None, "1"]
    assert fuse.forget_unfinished(connection, LATER) == 0


def test_what_a_poll_has_parked_is_judged_at_its_end(connection: sqlite3.Connection) -> None:
    """Creates in numbers wait for somebody; few go on."""
    for one in (1, 2):
        take(connection, row(one))
    connection.execute("UPDATE record SET mass = 1, due_at = ?", (NEVER,))
    kept.set_setting(connection, FIRST_LOOK, "1")

    assert fuse.judge_parked(connection, LIMITS, LATER, first_look=False) == 0
    assert columns(connection, "mass, due_at") == [(1, NEVER), (1, NEVER)]
    assert kept.setting(connection, FIRST_LOOK) == "1"

    assert fuse.judge_parked(connection, LIMITS, LATER, first_look=True) == 0
    assert columns(connection, "mass, reason_code") == [(2, "mass-change-held")] * 2
    assert kept.setting(connection, FIRST_LOOK) is None

    connection.execute("UPDATE record SET mass = 1, due_at = ?", (NEVER,))
    many = Limits(share=0.0, records_min=0, creates_max=2)
    assert fuse.judge_parked(connection, many, LATER, first_look=True) == 2
    assert columns(connection, "mass, due_at") == [(0, LATER)] * 2


def test_tabs_emptied_in_numbers_are_evaluated_first(connection: sqlite3.Connection) -> None:
    """Few of them are due as they are."""
    for one in (1, 2):
        take(connection, row(one))
        link(connection, one, one * 10)
    tabs.look_again(connection, [1, 2], Lane.FRESH, NOW)
    parked = "UPDATE people_tab SET mass = 1, due_at = ?"
    connection.execute(parked, (NEVER,))

    assert fuse.judge_parked(connection, LIMITS, LATER, first_look=False) == 2
    assert columns(connection, "mass, due_at", "people_tab") == [(1, LATER)] * 2

    connection.execute(parked, (NEVER,))
    many = Limits(share=0.0, records_min=2, creates_max=0)
    assert fuse.judge_parked(connection, many, LATER, first_look=False) == 2
    assert columns(connection, "mass, due_at", "people_tab") == [(0, LATER)] * 2
