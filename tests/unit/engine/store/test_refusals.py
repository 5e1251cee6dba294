"""What refusals depend on is kept, and what is weighed is not weighed again until it is another."""

from __future__ import annotations

import sqlite3
from typing import Any

from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.records import RecordType
from engine.model.refusal import Weighed
from engine.model.work import Failure
from tests.unit.engine.stand_ins import (
    NOW,
    owed_to,
    pending,
    person,
    row,
    said,
    state_of,
    take,
)
from tests.unit.engine.store.adapters import (
    capture,
    outbox,
    people,
    refusals,
    report,
    settle,
)

OPPORTUNITY, PERSON = RecordType.OPPORTUNITY, RecordType.PERSON
FAILURE = Failure("validation", "name", said("too long"), basis={"name": "1"})
LATER = NOW + 60


def refused(connection: sqlite3.Connection, *record_ids: int) -> None:
    """Opportunities that the target has refused."""
    take(connection, *(row(one, 5) for one in record_ids))
    for one in record_ids:
        settle.settle_refused(connection, pending(connection, one), FAILURE, NOW)


def refuse_people(connection: sqlite3.Connection, *person_ids: int) -> None:
    """The same of people."""
    for one in person_ids:
        people.refuse(connection, person(one), FAILURE, NOW)


def kept(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """All that is kept of refusals."""
    rows = connection.execute(
        "SELECT record_type, record_id, basis, mark FROM refusal ORDER BY record_type, record_id"
    )
    return [tuple(one) for one in rows]


def test_whether_anything_is_refused(connection: sqlite3.Connection) -> None:
    """Opportunities and people, each by themselves."""
    assert not refusals.any_refused(connection)
    assert not refusals.any_person_refused(connection)

    refused(connection, 1)
    assert refusals.any_refused(connection)
    assert not refusals.any_person_refused(connection)

    refuse_people(connection, 1)
    assert refusals.any_person_refused(connection)


def test_what_a_refusal_depends_on_is_read_as_it_was_kept(connection: sqlite3.Connection) -> None:
    """None where it is not known."""
    basis = {"näme": 'a "word"\x00', "stage": "3"}
    refusals.keep(connection, OPPORTUNITY, 1, basis)
    refusals.keep(connection, OPPORTUNITY, 2, None)

    assert refusals.basis_of(connection, 1) == basis
    assert refusals.basis_of(connection, 2) is None
    assert refusals.basis_of(connection, 3) is None


def test_what_is_refused_anew_is_to_be_weighed_anew(connection: sqlite3.Connection) -> None:
    """Nothing of the refusal before is left."""
    refusals.note_people(connection, [1], "m")
    refusals.keep(connection, PERSON, 1, {"a": "b"})

    assert kept(connection) == [("person", 1, '{"a":"b"}', None)]


def test_what_was_weighed_rests_until_the_mark_is_another(connection: sqlite3.Connection) -> None:
    """A few at a time; each keeps what it depended on when it was refused."""
    refused(connection, 1, 2, 3)
    first = refusals.unweighed(connection, "m", 2)
    assert [one.id for one in first] == [1, 2]
    assert (first[0].linked, first[0].basis, first[0].failure.reason) == (
        False,
        {"name": "1"},
        FAILURE.reason,
    )

    others = [Weighed(one, heals=False, basis={"name": "2"}) for one in first]
    refusals.weigh(connection, others, "m", LATER)

    assert [one.id for one in refusals.unweighed(connection, "m", 9)] == [3]
    assert [one.id for one in refusals.unweighed(connection, "n", 9)] == [1, 2, 3]
    assert refusals.basis_of(connection, 1) == {"name": "1"}

    connection.execute("UPDATE record SET revision = revision + 1 WHERE id = 2")
    assert [one.id for one in refusals.unweighed(connection, "m", 9)] == [2, 3]


def test_what_is_not_known_is_learned_when_it_is_weighed(connection: sqlite3.Connection) -> None:
    """Of a refusal that a version kept which knew of no basis."""
    refused(connection, 1)
    connection.execute("DELETE FROM refusal")
    [found] = refusals.unweighed(connection, "m", 9)
    assert found.basis is None

    refusals.weigh(connection, [Weighed(found, heals=False, basis={"a": "b"})], "m", LATER)

    assert refusals.basis_of(connection, 1) == {"a": "b"}


def test_what_heals_is_tried_again_and_told(connection: sqlite3.Connection) -> None:
    """One by its own edit is fresh; one that changed meanwhile is let be."""
    refused(connection, 1, 2, 3)
    found = refusals.unweighed(connection, "m", 9)
    connection.execute("UPDATE record SET revision = revision + 1 WHERE id = 3")

    weighed = [Weighed(one, heals=True, by_edit=one.id == 1) for one in found]
    refusals.weigh(connection, weighed, "m", LATER)

    assert [state_of(connection, one) for one in (1, 2, 3)] == ["pending", "pending", "refused"]
    columns = "lane, mass, lifted, reread, due_at, pending_since, reason, attempts"
    rows = connection.execute(f"SELECT {columns} FROM record WHERE id < 3 ORDER BY id")  # noqa: S608 # names above
    assert [tuple(one) for one in rows] == [
        (Lane.FRESH, 0, 1, 1, 0, LATER, None, 0),
        (Lane.BACKLOG, 0, 1, 1, 0, LATER, None, 0),
    ]
    for one, healed in ((1, 1), (2, 1), (3, 0)):
        told = [line.decision for line in report.history(connection, f"OPP-{one}")]
        assert told.count("healed") == healed


def test_only_what_is_refused_is_lifted(connection: sqlite3.Connection) -> None:
    """And only as it was weighed, where that is said."""
    refused(connection, 1)
    take(connection, row(2))
    lane, mass = Lane.FRESH, Mass.NONE

    assert not refusals.lift(connection, 1, LATER, lane=lane, mass=mass, revision=99)
    assert refusals.lift(connection, 1, LATER, lane=lane, mass=mass)
    assert not refusals.lift(connection, 2, LATER, lane=lane, mass=mass)


def test_flags_that_may_be_ours(connection: sqlite3.Connection) -> None:
    """Those we have set, and those of records that we are at work on."""
    refused(connection, 1)
    take(connection, row(2), row(3, eligible=False))

    assert refusals.flagged_by_us(connection, [1, 2, 3, 4]) == {1, 2}
    assert refusals.flagged_by_us(connection, []) == set()


def test_people_are_weighed_once_at_each_mark(connection: sqlite3.Connection) -> None:
    """Whoever is named twice is noted once."""
    refuse_people(connection, 1, 2, 3)

    refusals.note_people(connection, [1, 2, 1], "m")
    refusals.note_people(connection, [], "m")

    assert refusals.people_unweighed(connection, "m") == [3]
    assert refusals.people_unweighed(connection, "n") == [1, 2, 3]
    assert {one[2] for one in kept(connection)} == {'{"name":"1"}'}


def test_a_person_is_lifted_once(connection: sqlite3.Connection) -> None:
    """It is told, and nothing of one who is not refused."""
    refuse_people(connection, 1)

    for one in (1, 1, 2):
        refusals.lift_person(connection, one, LATER)

    told = connection.execute("SELECT record_id FROM history WHERE decision = 'healed'").fetchall()
    assert [one[0] for one in told] == [1]


def test_a_sweep_leaves_out_nothing_that_heals(connection: sqlite3.Connection) -> None:
    """The source lists no record that shows our flag, which counts as reset here."""
    refused(connection, 1)
    owed = owed_to(connection)
    assert owed is not None
    outbox.delivered(connection, [(owed, 6)], NOW)
    take(connection, row(2))
    assert refusals.lift(connection, 1, NOW, lane=Lane.FRESH, mass=Mass.NONE)

    sweep = capture.next_sweep(connection)
    assert capture.finish_sweep(connection, sweep, LATER, LATER) == 1

    assert [state_of(connection, one) for one in (1, 2)] == ["pending", "ineligible"]
