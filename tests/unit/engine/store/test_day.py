"""A day, as the state tells it; and the settings the service ran with."""

from __future__ import annotations

import sqlite3

from engine.decide.reasons import foreign
from engine.model.day import SettingChange, Slowest
from engine.model.history import Note
from engine.model.reason import Code
from engine.model.sample import DAY_S
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, link, pending, row, take
from tests.unit.engine.store.adapters import day, history, kept, settle

BEGIN = NOW // DAY_S * DAY_S
TODAY = int(BEGIN // DAY_S)
WRONG = Failure("validation", "name", foreign(Code.VALUE_TOO_LONG, "too long"))


def test_a_day_counts_what_is_so_and_what_happened(connection: sqlite3.Connection) -> None:
    """Refused and linked apart, calls of that day and of its year, and nothing of other days."""
    take(connection, row(1), row(2))
    link(connection, 1)
    settle.settle_refused(connection, pending(connection, 2), WRONG, NOW)
    connection.execute("INSERT INTO awaited (kind, name, record_id) VALUES ('owner', 'Ann Lee', 1)")
    kept.save_usage(connection, "target", {}, {TODAY: 40, TODAY - 1: 2, TODAY - 400: 7})

    told = day.day(connection, "target", BEGIN, BEGIN + DAY_S)
    before = day.day(connection, "target", BEGIN - DAY_S, BEGIN)

    assert told.linked == 1
    assert [(one.records, one.reason_code) for one in told.refused] == [(1, "value-too-long")]
    assert [(one.kind, one.name, one.records) for one in told.awaited] == [("owner", "Ann Lee", 1)]
    assert told.decisions["refused"] == 1
    assert (told.requests, told.requests_of_year) == (40, 42)
    assert (before.requests, before.requests_of_year) == (2, 2)
    assert before.decisions == {}


def test_people_who_are_waited_for_are_told_by_their_reference(
    connection: sqlite3.Connection,
) -> None:
    """Their number says nothing to anybody; who is not known yet has no other name."""
    take(connection, row(1), row(2))
    connection.execute(
        "INSERT INTO person (id, ref, version, read_at) VALUES (31, 'PERS-31', 1, 0)"
    )
    connection.executemany(
        "INSERT INTO awaited (kind, name, record_id) VALUES (?, ?, ?)",
        [
            ("person", "31", 1),
            ("person", "31", 2),
            ("person", "9" * 30, 1),
            ("owner", "31", 1),
            ("owner", "no number", 1),
            ("owner", "No number", 1),
        ],
    )

    told = day.day(connection, "target", BEGIN, BEGIN + DAY_S).awaited

    assert [(one.kind, one.name, one.records) for one in told] == [
        ("person", "PERS-31", 2),
        ("owner", "31", 1),
        ("owner", "No number", 1),
        ("owner", "no number", 1),
        ("person", "9" * 30, 1),
    ]


def test_a_day_on_which_nothing_was_ever_done(connection: sqlite3.Connection) -> None:
    """A state that is new."""
    told = day.day(connection, "target", BEGIN, BEGIN + DAY_S)

    assert (told.linked, told.in_step, told.requests, told.slowest) == (0, 0, 0, None)


def test_the_slowest_record_of_a_day_is_named(connection: sqlite3.Connection) -> None:
    """From the change to the target's answer, whichever of them came first."""
    take(connection, *(row(number) for number in (1, 2, 3)))
    connection.executemany(
        "UPDATE record SET pending_since = ? WHERE id = ?",
        [(NOW - 30, 1), (NOW - 300, 2), (NOW - 60, 3)],
    )
    for number in (1, 2, 3):
        history.remember(connection, number, 1, Note("created", "id 7"), NOW)

    assert day.day(connection, "target", BEGIN, BEGIN + DAY_S).slowest == Slowest(
        "OPP-2", "created", int(NOW), 300
    )


def test_settings_that_changed_are_told_with_both_values(connection: sqlite3.Connection) -> None:
    """Those of a first start are no change; those that went, came or are others are."""
    assert day.note_settings(connection, {"a": "1", "b": "2"}, BEGIN) == 0
    assert day.note_settings(connection, {"a": "1", "b": "2"}, BEGIN + 1) == 0
    assert day.note_settings(connection, {"a": "3", "c": "4"}, BEGIN + 2) == 3

    assert day.day(connection, "target", BEGIN, BEGIN + DAY_S).settings == [
        SettingChange(BEGIN + 2, "a", "1", "3"),
        SettingChange(BEGIN + 2, "b", "2", None),
        SettingChange(BEGIN + 2, "c", None, "4"),
    ]


def test_changes_of_settings_are_bounded(connection: sqlite3.Connection) -> None:
    """Whoever reloads every minute fills no disk."""
    for number in range(day.CHANGES_KEPT + 50):
        day.note_settings(connection, {"a": str(number)}, BEGIN + number)

    [kept_changes] = connection.execute("SELECT count(*) FROM setting_change").fetchone()
    assert kept_changes == day.CHANGES_KEPT
