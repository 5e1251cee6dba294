"""Lists of records by what becomes of them: who is on which, in which order, page by page."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import foreign
from engine.decide.roster import Listed
from engine.model.history import Note
from engine.model.listing import BLANK, KINDS, Wanted
from engine.model.outbox import Owed
from engine.model.reason import Code
from engine.model.records import RecordType
from tests.unit.engine.stand_ins import NOW, link, owed_to, row, take
from tests.unit.engine.store.adapters import history, listed, listing, outbox

REFUSED = ("refused", str(Code.REFUSED), "no", "validation")
REFUSAL = Note("refused", "no")
PLAIN = ("settled", None, None, None)


def enter(
    connection: sqlite3.Connection,
    number: int,
    kept: tuple[str, str | None, str | None, str | None] = PLAIN,
    *,
    since: float = NOW,
    mass: int = 0,
    synced: str | None = None,
) -> None:
    """A record in this state, for this reason: (state, code, text, class)."""
    connection.execute(
        "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state,"
        " reason_code, reason, reason_class, lane, due_at, pending_since, mass, target_id, synced)"
        " VALUES (?, ?, 1, 0, 0, 0, '{}', ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)",
        (number, f"OPP-{number}", *kept, since, mass, number * 10, synced),
    )


def meet(connection: sqlite3.Connection, number: int, *, refused: bool = False) -> None:
    """A person without a prospect."""
    code, text = (str(Code.REFUSED), "no") if refused else (None, None)
    connection.execute(
        "INSERT INTO person (id, ref, version, read_at, refused_version, reason_code, reason)"
        " VALUES (?, ?, 1, ?, ?, ?, ?)",
        (number, f"PERS-{number}", NOW, 1 if refused else None, code, text),
    )


def refs(connection: sqlite3.Connection, wanted: Wanted) -> list[str]:
    """Who is on these lists, in their order."""
    return [one.ref for _, one in listing.chosen(connection, wanted)]


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_nobody_on_any_list_of_a_new_state(
    connection: sqlite3.Connection, kind: str
) -> None:
    """And every list can be read, by whatever it is sorted."""
    for sort in ("since", "ref", "reason"):
        for descending in (False, True):
            wanted = Wanted([kind], "owner", sort, descending)
            assert listing.chosen(connection, wanted, limit=5) == []
    assert listing.counted(connection, Wanted([kind], "owner")) == 0
    assert listing.part(connection, kind, 3, 5) == []


def test_a_record_is_listed_with_all_that_is_told_of_it(connection: sqlite3.Connection) -> None:
    """By whichever way it is asked for."""
    enter(connection, 7, REFUSED)
    history.remember_alike(connection, [(7, 1)], REFUSAL, NOW + 5)

    [(name, one)] = listing.chosen(connection, Wanted(["waiting", "refused"]))

    assert name == "refused"
    assert [one] == listing.part(connection, "refused", 0, 5)
    assert (one.id, one.ref, one.target_id, one.since) == (7, "OPP-7", 70, NOW + 5)
    assert one.cause is not None
    assert (one.cause.code, one.cause.text, one.cause.reason_class) == (
        Code.REFUSED,
        "no",
        "validation",
    )


def test_a_reference_is_sorted_by_its_number(connection: sqlite3.Connection) -> None:
    """And lists stand one behind the other, however they are sorted."""
    for number in (10, 9, 100):
        enter(connection, number, ("pending", None, None, None))
    enter(connection, 1, REFUSED)
    kinds = ["waiting", "refused"]

    assert refs(connection, Wanted(kinds, sort="ref")) == ["OPP-9", "OPP-10", "OPP-100", "OPP-1"]
    assert refs(connection, Wanted(kinds, sort="ref", descending=True)) == [
        "OPP-100",
        "OPP-10",
        "OPP-9",
        "OPP-1",
    ]


def test_what_has_no_time_comes_last_in_either_order(connection: sqlite3.Connection) -> None:
    """A record that was refused before a history was kept."""
    for number in (1, 2, 3):
        enter(connection, number, REFUSED)
    for number, at in ((2, NOW + 9), (3, NOW + 5)):
        history.remember_alike(connection, [(number, 1)], REFUSAL, at)

    assert refs(connection, Wanted(["refused"])) == ["OPP-3", "OPP-2", "OPP-1"]
    assert refs(connection, Wanted(["refused"], descending=True)) == ["OPP-2", "OPP-3", "OPP-1"]


def test_what_has_no_reason_comes_before_what_has_one(connection: sqlite3.Connection) -> None:
    """Reasons stand together, byte by byte: what waits for them longest is first among them."""
    enter(connection, 1, ("pending", "b-code", "b", None))
    enter(connection, 2, ("pending", None, None, None))
    enter(connection, 3, ("pending", "b-code", "b", None), since=NOW - 5)
    enter(connection, 4, ("pending", "B-code", "b", None))

    assert refs(connection, Wanted(["waiting"], sort="reason")) == [
        "OPP-2",
        "OPP-4",
        "OPP-3",
        "OPP-1",
    ]
    assert refs(connection, Wanted(["waiting"], sort="reason", descending=True)) == [
        "OPP-1",
        "OPP-3",
        "OPP-4",
        "OPP-2",
    ]


def test_a_list_is_read_in_parts(connection: sqlite3.Connection) -> None:
    """Records and people, each of them once, wherever a part ends."""
    for number in (1, 2, 3):
        enter(connection, number, REFUSED)
        meet(connection, number, refused=True)
    everybody = ["OPP-1", "OPP-2", "OPP-3", "PERS-1", "PERS-2", "PERS-3"]

    for size in (1, 2, 4, 6):
        parts = [listing.part(connection, "refused", at, size) for at in range(0, 6, size)]
        assert [one.ref for part in parts for one in part] == everybody
    assert listing.part(connection, "refused", 6, 5) == []
    assert listing.counted(connection, Wanted(["refused"])) == 6
    page = listing.chosen(connection, Wanted(["refused"], sort="ref"), limit=2, skip=2)
    assert [one.ref for _, one in page] == ["OPP-3", "PERS-1"]


def test_a_person_without_a_prospect_is_listed_where_somebody_waits_or_knows_why(
    connection: sqlite3.Connection,
) -> None:
    """Not whoever was merely looked at."""
    enter(connection, 1)
    for number in (31, 32):
        meet(connection, number)
    meet(connection, 33, refused=True)
    connection.execute("INSERT INTO awaited (kind, name, record_id) VALUES ('person', '32', 1)")

    assert refs(connection, Wanted(["people"])) == ["PERS-32", "PERS-33"]


def test_a_person_is_listed_since_it_was_decided_and_not_since_the_last_look(
    connection: sqlite3.Connection,
) -> None:
    """Whoever stands on a tab is read at every start; of one just seen there is only the look."""
    enter(connection, 1)
    for number in (31, 32):
        meet(connection, number, refused=True)
    history.remember(connection, 31, 1, REFUSAL, NOW - 500, record_type=RecordType.PERSON)

    found = listing.chosen(connection, Wanted(["people"], sort="ref"))
    assert [(one.ref, one.since) for _, one in found] == [("PERS-31", NOW - 500), ("PERS-32", NOW)]


def test_what_the_fuse_holds_and_what_is_in_doubt_does_not_wait(
    connection: sqlite3.Connection,
) -> None:
    """Each has a list of its own."""
    for number, mass in ((1, 0), (2, 2), (3, 0)):
        enter(connection, number, ("pending", None, None, None), mass=mass)
    connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at, doubt_since)"
        " VALUES ('opportunity', 3, 'OPP-3', 0, ?)",
        (NOW + 1,),
    )

    assert [
        (name, one.ref) for name, one in listing.chosen(connection, Wanted(KINDS, sort="ref"))
    ] == [("waiting", "OPP-1"), ("held", "OPP-2"), ("doubt", "OPP-3")]
    [doubt] = listing.part(connection, "doubt", 0, 5)
    assert doubt.since == NOW + 1
    assert doubt.cause is not None
    assert doubt.cause.code is Code.CREATE_IN_DOUBT


def test_what_the_source_does_not_take_waits_with_its_reason(
    connection: sqlite3.Connection,
) -> None:
    """It is in the target, and in step there: on no other list would anybody find it."""
    take(connection, row(1))
    link(connection, 1, owed=Owed(target_id="7"))
    assert listing.chosen(connection, Wanted(("waiting",))) == []
    entry = owed_to(connection)
    assert entry is not None
    refused = foreign(Code.WRITE_BACK_REFUSED, "a rule of yours")
    outbox.postpone(connection, entry, refused, due_at=NOW + 9, counts=True, missed=0)

    [(_, found)] = listing.chosen(connection, Wanted(("waiting",)))
    assert (found.ref, found.since) == (entry.ref, entry.changed_at)
    assert found.cause is not None
    assert (found.cause.code, found.cause.text) == (Code.WRITE_BACK_REFUSED, "a rule of yours")


@pytest.mark.parametrize(
    ("synced", "is_blank"),
    [
        ('{"a field": null}', True),
        ('{"a field": []}', True),
        ('{"a field": ""}', False),
        ('{"a field": [1]}', False),
        ('{"another": null}', False),
        (None, False),
    ],
)
def test_a_field_is_blank_where_the_target_holds_nothing(
    connection: sqlite3.Connection, synced: str | None, is_blank: bool
) -> None:
    """Whatever it is called."""
    enter(connection, 1, synced=synced)
    wanted = Wanted([], "a field")

    assert listing.counted(connection, wanted) == int(is_blank)
    assert [(name, one.ref) for name, one in listing.chosen(connection, wanted)] == (
        [(BLANK, "OPP-1")] if is_blank else []
    )


def test_what_the_target_lists_is_kept_whole(connection: sqlite3.Connection) -> None:
    """Of each kind its own; who is listed no more is not kept."""
    users = {3: Listed('{"name": "Ann"}', None), 1: Listed('{"name": "Bo"}', NOW)}
    listed.keep(connection, "users", users)
    listed.keep(connection, "stages", {3: Listed("{}", None)})
    assert list(listed.load(connection, "users").items()) == sorted(users.items())

    listed.keep(connection, "users", {2: Listed("{}", None)})
    assert listed.load(connection, "users") == {2: Listed("{}", None)}

    listed.keep(connection, "users", {})
    assert listed.load(connection, "users") == {}
    assert listed.load(connection, "stages") == {3: Listed("{}", None)}
