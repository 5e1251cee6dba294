"""What a clock that was ahead has left on disk, once the clock is right."""

from __future__ import annotations

import sqlite3

import pytest

from engine.model.age import Stretch
from engine.model.mass_change import NEVER
from tests.unit.engine.stand_ins import NOW, row, take
from tests.unit.engine.store.adapters import provenance, waits
from tests.unit.engine.store.insides import anything_goes, columns

LONGEST_S = 3600.0
BACK_S = 7200.0
# History is told as it was told; a watermark bounds its own moment.
AS_TOLD = {("history", "at"), ("watermark", "newest_seen_at"), ("watermark", "skew_s")}


@pytest.fixture
def ahead(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state that was last alive when its clock was two hours ahead."""
    take(connection, row(1, 5))
    provenance.note_life(connection, NOW + BACK_S, {})
    return connection


@pytest.mark.parametrize(("due_in_s", "due_then_s"), [(5, 5), (1800, 1800), (9000, LONGEST_S)])
def test_what_was_due_soon_is_due_soon(
    ahead: sqlite3.Connection, due_in_s: float, due_then_s: float
) -> None:
    """It waits as long as it was to wait, and never longer than anything is meant to."""
    ahead.execute("UPDATE record SET due_at = ?", (NOW + BACK_S + due_in_s,))

    set_back_s = provenance.resume(ahead, NOW, {})
    shortened = waits.bound(ahead, NOW, LONGEST_S, set_back_s)

    assert set_back_s == BACK_S
    assert shortened == 1
    assert ahead.execute("SELECT due_at FROM record").fetchone()[0] == NOW + due_then_s


def test_what_was_due_already_is_due_now(ahead: sqlite3.Connection) -> None:
    """Also when it was due before the clock was set back, and after the time it is now."""
    ahead.execute("UPDATE record SET due_at = ?", (NOW + 60,))

    waits.bound(ahead, NOW, LONGEST_S, provenance.resume(ahead, NOW, {}))

    assert ahead.execute("SELECT due_at FROM record").fetchone()[0] == NOW


def test_a_clock_that_goes_on_leaves_waits_alone(connection: sqlite3.Connection) -> None:
    """What is refused rests as long as it was to rest, however often the service is restarted."""
    take(connection, row(1, 5))
    provenance.note_life(connection, NOW - 5, {})
    connection.execute("UPDATE record SET due_at = ?", (NOW + 600,))

    assert waits.bound(connection, NOW, LONGEST_S, provenance.resume(connection, NOW, {})) == 0
    assert connection.execute("SELECT due_at FROM record").fetchone()[0] == NOW + 600


def test_what_the_fuse_holds_waits_for_somebody(ahead: sqlite3.Connection) -> None:
    """Whatever the time is."""
    ahead.execute("UPDATE record SET due_at = ?", (NEVER,))

    assert waits.bound(ahead, NOW, LONGEST_S, BACK_S) == 0


def test_nothing_has_happened_later_than_now(ahead: sqlite3.Connection) -> None:
    """Whatever lies ahead would count as young until its time comes."""
    every = columns(ahead)
    moments = [
        (one.table, one.name)
        for one in every
        if one.kind == "REAL" and (one.table, one.name) not in AS_TOLD
    ]
    assert len(moments) > len(AS_TOLD)
    with anything_goes(ahead):
        for table, column in moments:
            of_it = [one for one in every if one.table == table]
            filled: dict[str, float | str] = {
                one.name: "x" if one.kind == "TEXT" else 0 for one in of_it if one.required
            }
            filled[column] = NOW + BACK_S + 5
            if column == "due_at" and "state" in {one.name for one in of_it}:
                # Of what is not pending nobody asks when it is due.
                filled["state"] = "pending"
            names, marks = ", ".join(filled), ", ".join("?" * len(filled))
            ahead.execute(f"DELETE FROM {table}")  # noqa: S608 # of our own schema
            ahead.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 # of our own schema
                tuple(filled.values()),
            )

            waits.bound(ahead, NOW, LONGEST_S, BACK_S)

            found = ahead.execute(f"SELECT {column} FROM {table}").fetchone()[0]  # noqa: S608
            assert found <= NOW + 5, (table, column)


MANY = ("record", "people_tab", "person", "role", "claim")


def test_what_there_may_be_a_million_of_is_looked_through_bit_by_bit(
    connection: sqlite3.Connection,
) -> None:
    """Where the clock is not known to have been ahead; only a part with such a time is written."""
    for number in range(1, 8):
        take(connection, row(number, 5))
    connection.execute("UPDATE record SET captured_at = ? WHERE id = 6", (NOW + BACK_S,))
    connection.execute("UPDATE record SET known_at = ? WHERE id = 7", (NOW - 5,))

    assert waits.bound(connection, NOW, LONGEST_S) == 0
    assert _captured(connection) == NOW + BACK_S

    before: Stretch | None = None
    seen: list[tuple[str, int, bool]] = []
    while (found := waits.following(connection, before, 3, NOW)) is not None:
        before, ahead = found
        seen.append((before.table, before.until, ahead))
        if ahead:
            waits.take_back(connection, before, NOW)

    assert [one for one in seen if one[0] == "record"] == [
        ("record", 3, False),
        ("record", 6, True),
        ("record", 7, False),
    ]
    assert _captured(connection) == NOW
    assert connection.execute("SELECT known_at FROM record WHERE id = 7").fetchone()[0] == NOW - 5


def test_every_table_has_its_turn_and_the_last_row_too(connection: sqlite3.Connection) -> None:
    """One row each, in every table, and with a key below nought."""
    take(connection, row(1, 5))
    connection.execute(
        "INSERT INTO person (id, ref, version, read_at) VALUES (-3, 'PERS-3', 1, ?)", (NOW + 9,)
    )
    connection.execute("INSERT INTO claim (target_id, record_id, since) VALUES (8, 1, ?)", (NOW,))

    before: Stretch | None = None
    seen: list[tuple[str, int, bool]] = []
    while (found := waits.following(connection, before, 1, NOW)) is not None:
        before, ahead = found
        seen.append((before.table, before.until, ahead))

    assert seen[-2:] == [("person", -3, True), ("claim", 8, False)]
    assert {table for table, *_ in seen} <= set(MANY)


def _captured(connection: sqlite3.Connection) -> float:
    return connection.execute("SELECT captured_at FROM record WHERE id = 6").fetchone()[0]
