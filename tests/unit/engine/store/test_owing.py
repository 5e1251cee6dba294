"""What is owed is merged as decided; what becomes of the deliveries of a batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from itertools import product
from typing import Any

import pytest

from engine.decide import write_back
from engine.model.history import Note
from engine.model.outbox import Entry, Key, Owed
from engine.model.records import RecordType
from tests.unit.engine.stand_ins import NOW, link, owed_to, person, row, said, take
from tests.unit.engine.store.adapters import outbox, people, report

OPPORTUNITY, PERSON = RecordType.OPPORTUNITY, RecordType.PERSON
LATER = NOW + 60


def every(target_id: str, message: str) -> list[Owed | None]:
    """Nothing, and everything that may be owed with this id and this message."""
    return [
        None,
        *(
            Owed(one, None if one is None else f"https://t.example/{one}", error, text)
            for one, error, text in product(
                (None, target_id), (None, False, True), (None, "", message)
            )
        ),
    ]


def kept(connection: sqlite3.Connection) -> dict[int, tuple[Any, ...]]:
    """The outbox: by record what the source is told, and the columns beside that."""
    rows = connection.execute(
        "SELECT record_id, target_id, target_url, error, message, generation, changed_at, due_at,"
        " attempts FROM outbox"
    )
    return {one[0]: tuple(one)[1:] for one in rows}


def put(connection: sqlite3.Connection, record_id: int, owed: Owed) -> None:
    """Something that is owed already."""
    connection.execute(
        "INSERT INTO outbox (record_type, record_id, target_id, target_url, error, message,"
        " changed_at, due_at, generation, attempts) VALUES (?, ?, ?, ?, ?, ?, 5, 50.0, 8, 3)",
        ("opportunity", record_id, *_as_kept(owed)),
    )


def _as_kept(owed: Owed) -> tuple[Any, ...]:
    return tuple(int(one) if isinstance(one, bool) else one for one in astuple(owed))


@pytest.mark.parametrize("clears_error", [False, True])
def test_whatever_is_owed_already_is_merged_as_decided(
    connection: sqlite3.Connection, clears_error: bool
) -> None:
    """However it is done, it is `write_back.merged` that says what the source shall hold."""
    expected: dict[int, tuple[Any, ...]] = {}
    for record_id, (present, owed) in enumerate(
        product(every("7", "refused"), every("8", "refused otherwise")), 1
    ):
        if present is not None:
            put(connection, record_id, present)
        key = Key(OPPORTUNITY, record_id)
        outbox.owe(connection, key, owed, clears_error=clears_error, changed_at=6, now=NOW)
        merged = write_back.merged(present, owed, clears_error=clears_error)
        if merged is not None:
            beside = (int(NOW * 1_000_000), 6, NOW, 0) if present is None else (9, 5, NOW, 3)
            expected[record_id] = (*_as_kept(merged), *beside)

    assert kept(connection) == expected


def test_what_is_owed_to_a_person_is_not_owed_to_an_opportunity(
    connection: sqlite3.Connection,
) -> None:
    """Ids of the two types have nothing to do with each other."""
    for one in RecordType:
        owed = Owed(target_id=one.value)
        outbox.owe(connection, Key(one, 1), owed, clears_error=False, changed_at=6, now=NOW)

    keys = outbox.due_keys(connection, NOW, 10)
    assert sorted(keys) == [Key(OPPORTUNITY, 1), Key(PERSON, 1)]
    assert outbox.next_due(connection, NOW) is None
    assert outbox.next_due(connection, NOW - 1) == NOW


def owing(connection: sqlite3.Connection, *record_ids: int) -> list[Entry]:
    """Entries of records that are linked just now, each to ten times its id."""
    take(connection, *(row(one, 5) for one in record_ids))
    for one in record_ids:
        owed = Owed(target_id=str(one * 10), target_url="https://t.example")
        link(connection, one, one * 10, owed=owed)
    return outbox.load(connection, OPPORTUNITY, record_ids)


def carried(connection: sqlite3.Connection, table: str) -> Sequence[tuple[Any, ...]]:
    """Version, delivered id and delivered version of each."""
    rows = connection.execute(
        f"SELECT id, version, delivered_id, delivered_version FROM {table} ORDER BY id"  # noqa: S608 # a name of ours
    )
    return [tuple(one) for one in rows]


def test_deliveries_of_one_batch_are_kept_each_with_the_version_it_made(
    connection: sqlite3.Connection,
) -> None:
    """Of one record a newer version was captured meanwhile, of another something else is owed."""
    entries = owing(connection, 1, 2, 3)
    take(connection, row(2, 9))
    key, more = Key(OPPORTUNITY, 3), Owed(message="more")
    outbox.owe(connection, key, more, clears_error=False, changed_at=6, now=NOW)

    outbox.delivered(connection, list(zip(entries, (6, 7, 8), strict=True)), LATER)

    assert carried(connection, "record") == [(1, 6, "10", 6), (2, 9, "20", None), (3, 8, "30", 8)]
    assert [owed_to(connection, one) is None for one in (1, 2, 3)] == [True, True, False]
    times = connection.execute("SELECT timed, known_at FROM record ORDER BY id").fetchall()
    assert [tuple(one) for one in times] == [(0, LATER), (1, NOW), (0, LATER)]
    for one in (1, 2, 3):
        told = [line.decision for line in report.history(connection, f"OPP-{one}")]
        assert told.count("written back") == 1


def test_deliveries_to_people_and_opportunities_are_kept_together(
    connection: sqlite3.Connection,
) -> None:
    """And one to a record that is not known any more is closed like the others."""
    entries = owing(connection, 1)
    owed = Owed(target_id="9")
    people.link(connection, person(4, 3), prospect_id=9, email="a@b.c", owed=owed, note=None, now=1)
    entries += outbox.load(connection, PERSON, [4])
    connection.execute("UPDATE person SET id = 5 WHERE id = 4")

    outbox.delivered(connection, [(one, 6) for one in entries], LATER)

    assert carried(connection, "record") == [(1, 6, "10", 6)]
    assert carried(connection, "person") == [(5, 3, None, None)]
    assert kept(connection) == {}


def test_of_a_batch_only_flags_that_were_reset_are_forgotten(
    connection: sqlite3.Connection,
) -> None:
    """One that is owed anew is shown still once the reset is delivered."""
    take(connection, row(1, 5), row(2, 5), row(3, 5))
    connection.execute("UPDATE record SET flagged = 1")
    for one, owed in ((1, Owed(error=False)), (2, Owed(error=False)), (3, Owed(message=""))):
        key = Key(OPPORTUNITY, one)
        outbox.owe(connection, key, owed, clears_error=False, changed_at=6, now=NOW)
    entries = outbox.load(connection, OPPORTUNITY, [1, 2, 3])
    key = Key(OPPORTUNITY, 2)
    outbox.owe(connection, key, Owed(error=True), clears_error=False, changed_at=6, now=NOW)

    outbox.delivered(connection, [(one, 6) for one in entries], LATER)

    flags = connection.execute("SELECT flagged FROM record ORDER BY id").fetchall()
    assert [one[0] for one in flags] == [0, 1, 1]


def test_nothing_delivered_is_nothing_done(connection: sqlite3.Connection) -> None:
    """A batch of which the source took none."""
    owing(connection, 1)

    outbox.delivered(connection, [], LATER)

    assert owed_to(connection) is not None


# What may be another by the time a delivery is known, and to what.
CHANGES = (
    ("generation", "generation + 1"),
    ("target_id", "'11'"),
    ("target_id", "NULL"),
    ("target_url", "'https://t.example/11'"),
    ("error", "1"),
    ("message", "'more'"),
)


@pytest.mark.parametrize(("column", "value"), CHANGES)
def test_only_the_very_entry_is_closed_postponed_or_withdrawn(
    connection: sqlite3.Connection, column: str, value: str
) -> None:
    """What was changed meanwhile is owed still, and when it was."""
    [entry] = owing(connection, 1)
    connection.execute(f"UPDATE outbox SET {column} = {value}")  # noqa: S608 # words above
    before, note = kept(connection), Note("withdrawn", "not ours")

    outbox.postpone(connection, entry, said("later"), due_at=LATER, counts=True, missed=1)
    outbox.withdraw_link(connection, entry, note, LATER)
    outbox.withdraw(connection, entry, note, LATER)
    outbox.delivered(connection, [(entry, 6)], LATER)

    assert kept(connection) == before


def test_an_entry_that_is_as_it_was_is_postponed_stripped_and_withdrawn(
    connection: sqlite3.Connection,
) -> None:
    """The reason is kept with its code; of an entry that says nothing more nothing is left."""
    [entry] = owing(connection, 1)
    reason = said("later")

    outbox.postpone(connection, entry, reason, due_at=LATER, counts=True, missed=2)
    columns = "due_at, attempts, reason, reason_code, missed"
    row = connection.execute(f"SELECT {columns} FROM outbox").fetchone()  # noqa: S608 # names above
    assert tuple(row) == (LATER, 1, reason, reason.code, 2)

    outbox.withdraw_link(connection, entry, Note("withdrawn", "not ours"), LATER)
    assert kept(connection) == {}

    key = Key(OPPORTUNITY, 1)
    owed = Owed(target_id="10", error=True)
    outbox.owe(connection, key, owed, clears_error=False, changed_at=6, now=NOW)
    [entry] = outbox.load(connection, OPPORTUNITY, [1])
    outbox.withdraw_link(connection, entry, Note("withdrawn", "not ours"), LATER)
    [entry] = outbox.load(connection, OPPORTUNITY, [1])
    assert (entry.target_id, entry.error) == (None, True)
    outbox.withdraw(connection, entry, Note("withdrawn", "not ours"), LATER)
    assert kept(connection) == {}


def test_our_own_write_backs_end_nothing_that_was_undone(connection: sqlite3.Connection) -> None:
    """It was undone at the version before; one of another version is over already."""
    entries = owing(connection, 1, 2, 3)
    for one, version in ((1, 5), (2, 4)):
        connection.execute(
            "INSERT INTO undone (record_id, target_id, version, mapping, fields, run)"
            " VALUES (?, ?, ?, 'm', '[]', 1)",
            (one, one * 10, version),
        )

    outbox.delivered(connection, [(one, 6) for one in entries], LATER)

    rows = connection.execute("SELECT record_id, version FROM undone ORDER BY record_id").fetchall()
    assert [tuple(one) for one in rows] == [(1, 6), (2, 4)]
