"""People follow their opportunity: what its outcome says of whose roles are looked at, and how."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import TabLine
from engine.model.run import RunKind
from engine.model.tab import KnownRole, Roles, TabWork
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, link, pending, person, row, said, take
from tests.unit.engine.store.adapters import (
    capture,
    fuse,
    people,
    refusals,
    runs,
    settle,
    tab_outcomes,
    tabs,
)

TAB = [TabLine(31, "User")]
ROLE = KnownRole(501, 310, "User", True, NOW)
FAILURE = Failure("validation", "name", said("too long"))


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """An opportunity with somebody on it, who is related."""
    take(connection, row(1, 5, tab=TAB))
    link(connection)
    settled(connection)
    return connection


def due(db: sqlite3.Connection) -> TabWork:
    """Its people, which must be waiting."""
    found = tabs.load(db, 1)
    assert found is not None
    return found


def settled(db: sqlite3.Connection) -> None:
    """The target agrees with the tab."""
    assert tab_outcomes.settle(
        db, due(db), Roles([ROLE]), waits_for=[], complete=True, note=None, now=NOW
    )


def weighed(db: sqlite3.Connection) -> None:
    """It is evaluated with its people, who are others now, and would be changed."""
    shown = row(1, 6, tab=[*TAB, TabLine(32, "")])
    capture.capture_page(db, [shown], now=NOW, fresh_max=0, mass=True)
    of = pending(db, 1)
    fuse.hold_record(db, 1, of.revision, of.synced, "would send name")


def test_people_of_what_a_first_look_shows_are_evaluated(connection: sqlite3.Connection) -> None:
    """Nobody is related by the way, before somebody has looked."""
    linked = row(1, linked=True, tab=TAB)
    capture.capture_page(connection, [linked], now=NOW, fresh_max=20, first_look=True)

    link(connection, created=False)

    assert due(connection).mass is Mass.EVALUATING


def test_people_of_what_was_approved_go_on_with_it(db: sqlite3.Connection) -> None:
    """In the same run, by which all of it can be taken back."""
    weighed(db)
    run = fuse.approve(db, NOW).run

    link(db, created=False)

    assert run is not None
    assert (due(db).mass, due(db).let_go) == (Mass.APPROVED, run)


def test_people_of_what_a_plan_let_go_are_evaluated(db: sqlite3.Connection) -> None:
    """The plan has shown the roles that were in it, and no others."""
    weighed(db)
    run = runs.begin(db, RunKind.APPLIED, NOW)
    db.execute("UPDATE people_tab SET state = 'settled', mass = 0")
    assert fuse.take_out(db, 1, run, NOW)
    assert pending(db, 1).let_go == run

    link(db, created=False)

    assert due(db).mass is Mass.EVALUATING


def test_a_link_that_comes_back_finds_the_roles_made_there(db: sqlite3.Connection) -> None:
    """Forgotten, they would be made once more."""
    for version, target_id in ((6, 8), (7, 7)):
        take(db, row(1, version, tab=TAB))
        link(db, target_id=target_id, created=False)

    assert (due(db).target_id, due(db).roles) == (7, (ROLE,))


@pytest.mark.parametrize(("since", "again"), [(NOW, False), (NOW + 1, True)])
def test_who_is_a_prospect_is_read_again_after_a_while(
    db: sqlite3.Connection, since: float, again: bool
) -> None:
    """Somebody may have linked that person to another one."""
    people.link(db, person(31), 310, email=None, owed=None, note=None, now=NOW)
    take(db, row(1, 6, tab=TAB))

    settle.settle_linked(
        db,
        pending(db, 1),
        target_id=7,
        synced={},
        owed=None,
        awaited=[],
        note=Note("updated", "id 7"),
        now=NOW,
        people_read_since=since,
    )

    assert (tabs.load(db, 1) is not None) is again


def test_the_people_of_what_has_healed_are_no_people_of_a_flagged_record(
    connection: sqlite3.Connection,
) -> None:
    """The row that is known still shows our own flag; it counts as reset, for them too."""
    take(connection, row(1, tab=TAB))
    settle.settle_refused(connection, pending(connection, 1), FAILURE, NOW)
    assert refusals.lift(connection, 1, NOW + 1, lane=Lane.FRESH, mass=Mass.NONE)

    link(connection)

    assert due(connection).lifted
